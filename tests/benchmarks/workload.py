"""Runs as they come: three steps, meta that is personal in part, and now and then a failure."""

from collections.abc import Iterator
from random import Random
from typing import Any

from domain.processes.events import Step
from domain.processes.process import SAFE_META_FIELDS
from domain.runs.run import Run, StepRunChange
from domain.runs.status import StepRunStatus

STEP_NAMES = ("Check identity", "Open account", "Send welcome letter")
STEPS = [
    Step(id=number, index=number, name=name, is_rerunnable=False, rerun_config=None)
    for number, name in enumerate(STEP_NAMES, start=1)
]
PROCESSES = 20

FAILING = 0.05
ANNOTATED = 0.2
NEUTRALIZED = 0.01


def start_of_run(number: int) -> dict[str, Any]:
    """Give what a client sends to start a run, besides the process: about 300 bytes of JSON."""
    return {
        "entity_id": f"CUST-{number:08}",
        "entity_name": f"Margrethe Østergaard {number}",
        "meta": {
            "email": f"margrethe.oestergaard.{number}@example.com",
            "phone": f"+45 {number:08}",
            "note": "asked twice for the papers by post",
            "department": "Onboarding",
            "region": "EU",
            "priority": "high",
            "source": "portal",
            "version": 3,
        },
    }


def new_run(number: int) -> Run:
    """Start a run that is not recorded yet."""
    return Run.start(
        number,
        process_id=number % PROCESSES + 1,
        safe_meta_fields=SAFE_META_FIELDS,
        steps=[(number * len(STEPS) + offset, step) for offset, step in enumerate(STEPS)],
        **start_of_run(number),
    )


def go_through(run: Run, chance: Random) -> Iterator[None]:
    """Take a run through its life, one report of its executor at a time."""
    for step in run.step_runs:
        run.record_step(step.id, StepRunChange(status=StepRunStatus.RUNNING))
        yield
        if chance.random() < ANNOTATED:
            note = {"agent": "desk 7", "reached_by": "phone", "priority": "low"}
            run.record_step(step.id, StepRunChange(meta=note))
            yield
        if chance.random() < FAILING:
            run.record_step(step.id, StepRunChange(status=StepRunStatus.FAILED))
            yield
            break
        run.record_step(step.id, StepRunChange(status=StepRunStatus.SUCCESS))
        yield
    if chance.random() < NEUTRALIZED:
        run.neutralize(reason="asked by the customer", policy="manual")
        yield
