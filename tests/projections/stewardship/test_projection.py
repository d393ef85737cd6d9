"""The read model folds a stewardship as the domain does, also when each event finds it stored."""

import msgspec
import pytest

from domain.aggregate import Aggregate
from domain.events import Metadata, Recorded
from domain.stewardship.job import StewardshipJob
from domain.stewardship.stewardship import Stewardship
from projections.stewardship.projection import stewardships
from projections.stewardship.tables import JOBS, STEWARDSHIPS
from projections.table import Rows
from tests.domain.stewardship.definitions import START
from tests.infra.event_store.stewardship_examples import stewardships as examples

EXAMPLES = list(examples())
NOBODY = Metadata(actor="nobody", correlation_id="none")


def applied(aggregate: Aggregate) -> Rows:
    """Apply the events, with the rows written to JSON and read back after each."""
    rows = Rows()
    for event in aggregate.pending():
        stewardships.apply(
            Recorded(
                event=event,
                position=event.originator_version,
                event_id=str(event.originator_version),
                topic=event.TOPIC,
                recorded_at=START,
                metadata=NOBODY,
                redacted=False,
            ),
            rows,
        )
        for stored in rows.changes(STEWARDSHIPS)[0]:
            stored.state = msgspec.json.decode(msgspec.json.encode(stored.state))
    return rows


@pytest.mark.parametrize(
    "stewardship",
    [each for each in EXAMPLES if isinstance(each, Stewardship)],
    ids=lambda it: it.id,
)
def test_a_stewardship_is_folded_as_the_domain_does(stewardship: Stewardship) -> None:
    row = applied(stewardship).find(STEWARDSHIPS, int(stewardship.key))

    assert row is not None
    assert row.read_state() == stewardship.state
    assert row.version == stewardship.version
    assert row.status == stewardship.state.status
    assert row.reachable == stewardship.state.reachable()


@pytest.mark.parametrize(
    "job", [each for each in EXAMPLES if isinstance(each, StewardshipJob)], ids=lambda it: it.id
)
def test_a_job_is_as_its_events_left_it(job: StewardshipJob) -> None:
    row = applied(job).find(JOBS, int(job.key))

    assert row is not None
    state = job.state
    assert (row.status, row.progress, row.error) == (state.status, state.progress, state.error)
    assert (row.started_at, row.completed_at) == (state.started_at, state.completed_at)
    assert [*row.reachable, *row.addresses.values()] == state.reachable()
