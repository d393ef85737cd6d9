"""Every event that was ever released can be read for ever."""

import msgspec
import pytest

from domain.personal import protected_fields, redact
from tests.infra.event_store.samples import (
    METADATA,
    Sample,
    examples,
    released_event_types,
    sample_name,
    samples,
)

SAMPLES = samples()

sampled = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())


def test_every_version_of_every_event_type_has_a_sample() -> None:
    released = {
        sample_name(kind.TOPIC, version)
        for kind in released_event_types()
        for version in range(1, kind.class_version + 1)
    }

    assert len(released) >= 26
    assert released - SAMPLES.keys() == set(), "python -m tests.infra.event_store.samples"


def test_no_released_event_type_is_ever_dropped_or_renamed() -> None:
    topics = {kind.TOPIC for kind in released_event_types()}

    assert {sample.stored.topic for sample in SAMPLES.values()} - topics == set()


def test_the_examples_make_every_event_type_happen() -> None:
    assert {type(event) for event in examples()} == set(released_event_types())


@sampled
def test_a_stored_sample_is_read_as_ever(sample: Sample) -> None:
    recorded = sample.read()

    assert msgspec.to_builtins(recorded.event) == sample.reads
    assert recorded.metadata == METADATA
    assert not recorded.redacted


@sampled
def test_a_stored_sample_is_read_redacted_after_its_key_was_destroyed(sample: Sample) -> None:
    recorded = sample.read(erased=True)

    kept = sample.reads | {
        name: redact(sample.reads[name])
        for name in protected_fields(type(recorded.event))
        if sample.stored.protected is not None
    }
    assert msgspec.to_builtins(recorded.event) == kept
    assert recorded.redacted == (sample.stored.protected is not None)


@sampled
def test_a_stored_sample_shows_no_protected_value_in_clear(sample: Sample) -> None:
    event = sample.read().event
    shown = msgspec.json.encode(sample.stored.state).decode()

    for name in protected_fields(type(event)):
        value = sample.reads[name]
        for clear in value.values() if isinstance(value, dict) else [value]:
            assert clear in (None, "") or str(clear) not in shown
