"""What outsiders are told is what the catalogue says, and nothing that was erased."""

import json

import msgspec
import pytest

from application.outward import matches
from domain.errors import InvalidFieldError
from domain.personal import REDACTED, protected_fields
from interfaces.composition import OUTWARD
from tests.infra.event_store.samples import Sample, examples, recorded_as, samples

SAMPLES = samples()
TOLD = {name: sample for name, sample in SAMPLES.items() if OUTWARD.render(sample.read())}
EXAMPLES = {kind.name: kind.example for kind in OUTWARD.describe()}

told = pytest.mark.parametrize("sample", TOLD.values(), ids=TOLD.keys())


def test_every_outward_event_follows_from_some_domain_event() -> None:
    rendered = {
        message.name for event in examples() for message in OUTWARD.render(recorded_as(event))
    }

    assert rendered == OUTWARD.names
    assert {"run.started", "process.created", "system_error", "config_changed"} <= rendered


@told
def test_the_data_is_what_the_example_shows(sample: Sample) -> None:
    recorded = sample.read()

    for message in OUTWARD.render(recorded):
        assert message.data.keys() == EXAMPLES[message.name].keys()
        assert json.loads(json.dumps(message.data)) == message.data
        assert message.timestamp == recorded.event.timestamp


@told
def test_what_was_erased_is_rendered_redacted(sample: Sample) -> None:
    recorded = sample.read()
    personal = {
        value
        for name in protected_fields(type(recorded.event))
        for value in _values(getattr(recorded.event, name))
    }

    rendered = msgspec.json.encode(OUTWARD.render(sample.read(erased=True))).decode()

    assert not [value for value in personal if value in rendered]


def test_personal_data_is_there_until_it_is_erased_and_redacted_afterwards() -> None:
    sample = SAMPLES["RunStarted.v1"]
    [before], [after] = (
        OUTWARD.render(sample.read()),
        OUTWARD.render(sample.read(erased=True)),
    )

    assert before.data["entity_id"] == "010203-4050"
    assert before.data["meta"] == {"department": "HR", "email": "ann@example.org"}
    assert after.data["entity_id"] == REDACTED
    assert after.data["meta"] == {"department": "HR", "email": REDACTED}


@told
def test_no_secret_is_told_of_at_any_time(sample: Sample) -> None:
    rendered = msgspec.json.encode(OUTWARD.render(sample.read())).decode()

    assert "whsec_" not in rendered
    assert "$argon2id$" not in rendered
    assert "https://" not in rendered


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("*", "run.started", True),
        ("run.*", "run.started", True),
        ("run.started", "run.started", True),
        ("run.*", "rerun.requested", False),
        ("run.*", "runs.started", False),
        ("run", "run.started", False),
        ("run.start", "run.started", False),
    ],
)
def test_a_pattern_fits_everything_a_beginning_or_one_name(
    pattern: str, name: str, *, fits: bool
) -> None:
    assert matches(pattern, name) is fits


@pytest.mark.parametrize("pattern", ["*", "run.*", "run.started", "system_error"])
def test_patterns_that_fit_an_outward_event_are_taken(pattern: str) -> None:
    OUTWARD.check_patterns("events", [pattern])


@pytest.mark.parametrize(
    "pattern",
    ["", "run.", "*.started", "run*", "run.**", "RUN.*", "run.started\n", "x" * 300, "run .*"],
)
def test_malformed_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(InvalidFieldError, match=r"^events has") as refused:
        OUTWARD.check_patterns("events", ["run.started", pattern])

    assert len(refused.value.message) < 200


@pytest.mark.parametrize("pattern", ["run.begun", "unknown.*", "system_error.*"])
def test_patterns_that_fit_no_outward_event_are_refused(pattern: str) -> None:
    with pytest.raises(InvalidFieldError, match="which fits no event type"):
        OUTWARD.check_patterns("events", [pattern])


def _values(value: object) -> set[str]:
    if isinstance(value, dict):
        return {item for item in value.values() if isinstance(item, str)}
    return {value} if isinstance(value, str) else set()
