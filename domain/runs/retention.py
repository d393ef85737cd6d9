"""When the personal data of a run is due to be erased (seed: Retention Workflow)."""

from datetime import datetime

from dateutil.relativedelta import relativedelta


def scheduled_deletion(created_at: datetime, retention_months: int | None) -> datetime | None:
    """Give creation + calendar months: in a month that is too short, its last day."""
    if retention_months is None:
        return None
    return created_at + relativedelta(months=retention_months)
