"""Looking for a person everywhere: in what the API answers, in the database, in the logs."""

from collections.abc import Iterator
from dataclasses import dataclass

from interfaces.demo.annals import OwnAnnals, checked
from interfaces.demo.crowd import Crowd, Traveller
from interfaces.demo.database import connected, dump, mentions
from interfaces.demo.serving import SERVER_LOG

LOGS = (SERVER_LOG, "postgres/log")
PAGE = 100


@dataclass(frozen=True, kw_only=True)
class Traces:
    """Where a person was looked for, and where they were found."""

    answers: int
    answers_found: list[str]
    searches: int
    searches_found: int
    tables: int
    tables_found: list[str]
    logs: int
    logs_found: list[str]

    @property
    def found(self) -> bool:
        """Whether the person was found anywhere."""
        return bool(
            self.answers_found or self.searches_found or self.tables_found or self.logs_found
        )


def find_traces(annals: OwnAnnals, crowd: Crowd, one: Traveller, versions: int) -> Traces:
    """Look for a person's case, name, e-mail address and phone number, each by itself."""
    words = one.journey.person.identity
    paths = list(_paths(crowd, one, versions))
    answers = {path: checked(annals.http.get(path)).content for path in paths}
    searches = _searches(one)
    with connected(annals.home) as direct:
        tables = dict(dump(direct))
    return Traces(
        answers=len(answers),
        answers_found=[path for path, content in answers.items() if mentions(content, words)],
        searches=len(searches),
        searches_found=sum(_finds(annals, search) for search in searches),
        tables=len(tables),
        tables_found=[name for name, content in tables.items() if mentions(content, words)],
        logs=len(LOGS),
        logs_found=[log for log in LOGS if mentions((annals.home / log).read_bytes(), words)],
    )


def _paths(crowd: Crowd, one: Traveller, versions: int) -> Iterator[str]:
    """Give every path whose answer could tell of the person."""
    run, stream = one.run_id, f"/api/v1/audit/streams/{one.stream}"
    yield f"/api/v1/runs/{run}"
    yield f"/api/v1/step-runs/run/{run}"
    yield f"/api/v1/dashboard/process/{crowd.process_id}"
    for page in range(1, -(-len(crowd.travellers) // PAGE) + 1):
        yield f"/api/v1/runs/?page={page}&size={PAGE}"
    yield stream
    for version in range(1, versions + 1):
        yield f"{stream}/state?version={version}"
    yield f"/api/v1/audit/history?stream={one.stream}&size={PAGE}"


def _searches(one: Traveller) -> list[dict[str, str]]:
    """Give the parameters of every search for runs that could find the person's."""
    person = one.journey.person
    return [
        {"entity_id": person.case},
        {"entity_name": person.name},
        {"meta_filter": f"email:{person.email}"},
        {"meta_filter": f"phone:{person.phone}"},
        {"q": person.case},
        {"q": person.email},
    ]


def _finds(annals: OwnAnnals, search: dict[str, str]) -> bool:
    path = "/api/v1/runs/search" if "q" in search else "/api/v1/runs/"
    found = checked(annals.http.get(path, params=search))
    return bool(found.json()["total"])
