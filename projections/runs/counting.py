"""Counting runs by where they stand, and their meta by field and value."""

from domain.runs.status import RunStatus
from projections.runs.contents import MAX_COUNTED_LENGTH, countable
from projections.runs.tables import META_FIELDS, META_VALUES, STATISTICS, RunRow, StatisticsRow
from projections.table import Rows


def count_run(rows: Rows, run: RunRow, by: int) -> None:
    """Count a run as it stands among those of its process; ``by`` is 1 or -1."""
    if rows.find(STATISTICS, run.process_id) is None:
        rows.add(STATISTICS, StatisticsRow(run.process_id))
    statistics = rows.edit(STATISTICS, run.process_id)
    statistics.total_runs += by
    match RunStatus(run.status):
        case RunStatus.PENDING:
            statistics.pending_runs += by
        case RunStatus.RUNNING:
            statistics.running_runs += by
        case RunStatus.FAILED:
            statistics.failed_runs += by
        case RunStatus.CANCELLED:
            statistics.cancelled_runs += by
        case RunStatus.COMPLETED:
            statistics.completed_runs += by
            if run.started_at is not None and run.finished_at is not None:
                taken = (run.finished_at - run.started_at).total_seconds()
                statistics.completion_time_seconds += by * taken


def count_meta(rows: Rows, run: RunRow, by: int) -> None:
    """Count the meta fields of a run, and the values of those that are not personal."""
    for field, kind in {(leaf.field, leaf.type) for leaf in countable(run.meta)}:
        rows.count(META_FIELDS, run.process_id, field, kind, by=by)
    personal = set(run.personal_meta_fields)
    shown = {name: value for name, value in run.meta.items() if name not in personal}
    for leaf in countable(shown):
        if leaf.type != "array" and len(leaf.text) <= MAX_COUNTED_LENGTH:
            rows.count(META_VALUES, run.process_id, leaf.field, leaf.text, by=by)
