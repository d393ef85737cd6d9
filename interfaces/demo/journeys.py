"""What will become of each of the hundred: how far they come, and what goes wrong."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from interfaces.demo.people import Person, invent_people

SEED = 309

Outcome = Literal["completed", "failed", "running"]
FATES: dict[Outcome, int] = {"completed": 83, "failed": 12, "running": 5}


@dataclass(frozen=True)
class Stage:
    """A step of the process, and how it fails when it fails."""

    name: str
    error_code: str
    error: str


STAGES = (
    Stage("Receive application", "UNREADABLE", "The attachment of {case} cannot be read"),
    Stage("Check identity", "NO_ANSWER", "{name} could not be reached on {phone}"),
    Stage("Assess", "INCOME_UNKNOWN", "No income on record for {name}"),
    Stage("Decide", "NO_QUORUM", "The board has not decided on {case}"),
    Stage("Notify", "BOUNCED", "{email} does not accept mail"),
)


@dataclass(frozen=True, kw_only=True)
class Journey:
    """One person's way through the process: ``passed`` stages succeed, then comes the outcome."""

    person: Person
    outcome: Outcome
    passed: int
    began: datetime
    minutes: tuple[int, ...]

    @property
    def run(self) -> dict[str, Any]:
        """The body that starts the run."""
        person = self.person
        return {
            "entity_id": person.case,
            "entity_name": person.name,
            "meta": {
                "email": person.email,
                "phone": person.phone,
                "department": person.department,
                "region": person.region,
                "priority": person.priority,
            },
        }

    @property
    def reports(self) -> list[list[dict[str, Any]]]:
        """The bodies that an executor sends, for each step that it comes to."""
        return [self._reports_on(index) for index in range(self.steps_begun)]

    @property
    def steps_begun(self) -> int:
        """How many steps the person comes to."""
        return self.passed + (self.outcome != "completed")

    @property
    def error(self) -> dict[str, str]:
        """The meta of the step that fails; what went wrong mentions the person."""
        person, stage = self.person, STAGES[self.passed]
        error = stage.error.format(
            case=person.case, name=person.name, email=person.email, phone=person.phone
        )
        return {"error_code": stage.error_code, "error": error}

    @property
    def duration(self) -> timedelta:
        """How long the stages passed took."""
        return timedelta(minutes=sum(self.minutes[: self.passed]))

    @property
    def events(self) -> int:
        """How many events it makes: the start, each report, and each change of the run's status."""
        reports = sum(len(reports) for reports in self.reports)
        return 1 + reports + (1 if self.outcome == "running" else 2)

    def _reports_on(self, index: int) -> list[dict[str, Any]]:
        began = self.began + timedelta(minutes=sum(self.minutes[:index]))
        begun = {"status": "running", "started_at": began.isoformat()}
        ended = {"finished_at": (began + timedelta(minutes=self.minutes[index])).isoformat()}
        if index < self.passed:
            return [begun, {"status": "success"} | ended]
        if self.outcome == "failed":
            return [begun, {"status": "failed", "meta": self.error} | ended]
        return [begun]


def plan_journeys() -> list[Journey]:
    """Plan a hundred journeys, the same each time but for the day."""
    rng = random.Random(SEED)  # noqa: S311 - a story, no secret
    fates = [fate for fate, count in FATES.items() for _ in range(count)]
    rng.shuffle(fates)
    monday = datetime.now(UTC).replace(hour=7, minute=0, second=0, microsecond=0)
    monday -= timedelta(days=monday.weekday() + 7)
    return [
        Journey(
            person=person,
            outcome=fate,
            passed=len(STAGES) if fate == "completed" else rng.randrange(len(STAGES)),
            began=monday + timedelta(days=rng.randrange(5), minutes=rng.randrange(300)),
            minutes=tuple(rng.randint(2, 45) for _ in STAGES),
        )
        for person, fate in zip(invent_people(len(fates), rng), fates, strict=True)
    ]
