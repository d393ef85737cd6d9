"""Two persons whose runs are reported on, searched for and refused, and one who is forgotten."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg

from tests.faults.scan import Traces
from tests.interfaces.api import Api, Json
from tests.serving import Served

# Enough events for a snapshot of the run.
REPORTS = 200


class Person(NamedTuple):
    """Somebody whose every datum is a word that is nowhere else."""

    entity_id: str
    name: str
    email: str
    city: str
    phone: int
    note: str
    first_note: str
    late_note: str

    @property
    def meta(self) -> Json:
        return {
            "email": self.email,
            "address": {"lines": [{"city": self.city}]},
            "phone": self.phone,
            "department": "Sales",
        }

    @property
    def words(self) -> list[str]:
        return [str(datum) for datum in self]


def somebody() -> Person:
    def word(name: str) -> str:
        return f"{name}{uuid4().hex}"

    return Person(
        entity_id=word("Id"),
        name=f"Jørgen {word('Name')}",
        email=f"{word('mail')}@example.org",
        city=word("City"),
        phone=uuid4().int % 10**18 + 10**18,
        note=word("Note"),
        first_note=word("First"),
        late_note=word("Late"),
    )


class Story(NamedTuple):
    """What was done with two persons' runs, before one of them was neutralized."""

    served: Served
    api: Api
    database: str
    home: Path
    forgotten: Person
    kept: Person
    run: Json
    other_run: Json
    before: dict[str, set[str]]
    raced: list[Json]
    racers: list[Person]


def told(served: Served, api: Api, database: str, home: Path) -> Story:
    """Do everything with a person's data that can be done, and then forget them."""
    forgotten, kept = somebody(), somebody()
    process = api.create_process("first", "second")
    run = start(api, process, forgotten)
    other_run = start(api, process, kept)
    provoke_errors(api, forgotten, run)
    analyze(database)
    before = Traces(*forgotten.words).in_database(database)
    api.neutralize(run["id"], reason="on their request")
    bring_back(api, forgotten, run)
    racers = [somebody() for _ in range(4)]
    raced = [race(api, process, person) for person in racers]
    return Story(
        served=served,
        api=api,
        database=database,
        home=home,
        forgotten=forgotten,
        kept=kept,
        run=run,
        other_run=other_run,
        before=before,
        raced=raced,
        racers=racers,
    )


def start(api: Api, process: int, person: Person) -> Json:
    """Start a person's run, report on it again and again, and search for it."""
    run = api.start_run(
        process, entity_id=person.entity_id, entity_name=person.name, meta=person.meta
    )
    step = run["steps"][0]["id"]
    api.report(step, status="running", meta={"note": person.first_note})
    for number in range(REPORTS):
        api.report(step, meta={"note": person.note, "version": number})
    for found in (
        {"entity_id": person.entity_id},
        {"entity_name": person.name[3:20]},
        {"meta_filter": f"email:{person.email}"},
        {"meta_filter": f"phone:{person.phone}"},
        {"meta_filter": f"address.lines.0.city:{person.city}"},
    ):
        assert api.found(process_id=process, **found) == [person.entity_id]
    return run


def provoke_errors(api: Api, person: Person, run: Json) -> None:
    """Send a person's data where it is refused, in every way that there is."""
    email, step = person.email, f"/api/v1/step-runs/{run['steps'][0]['id']}"
    body = {"entity_id": person.entity_id, "entity_name": person.name, "meta": person.meta}

    def refused(status: int, method: str, path: str, **request: Any) -> None:
        response = api.http.request(method, path, **request)
        assert response.status_code == status, response.text

    refused(404, "POST", "/api/v1/runs/", json=body | {"process_id": 987654321})
    for wrong in (
        {"entity_id": person.entity_id * 10},
        {"entity_name": person.name + "\0"},
        {"meta": {"email": email + "\0"}},
        {"meta": [person.meta]},
        {"process_id": email},
    ):
        refused(422, "POST", "/api/v1/runs/", json=body | {"process_id": 1} | wrong)
    refused(422, "POST", "/api/v1/runs/", content=f'{{"entity_id": "{person.entity_id}"'.encode())
    refused(413, "POST", "/api/v1/runs/", json=body | {"entity_name": person.name * 50_000})
    refused(422, "PATCH", step, json={"status": person.name, "meta": {"note": person.note}})
    refused(422, "PATCH", step, json={"started_at": email, "meta": {"note": person.note}})
    backwards = {"started_at": "2025-10-03T10:00:00Z", "finished_at": "2025-10-02T10:00:00Z"}
    refused(
        400, "PATCH", step, json=backwards | {"status": "failed", "meta": {"note": person.note}}
    )
    refused(404, "PATCH", "/api/v1/step-runs/987654321", json={"meta": {"note": person.note}})
    for parameter in ("order_by", "created_after", "status", "page", "process_id"):
        refused(422, "GET", "/api/v1/runs/", params={parameter: email})
    refused(422, "GET", f"/api/v1/runs/{person.entity_id}")
    refused(404, "GET", f"/api/v1/audit/streams/run-{person.entity_id}")
    refused(404, "GET", f"/{person.entity_id}", params={"name": person.name})
    refused(405, "DELETE", "/api/v1/runs/", params={"name": person.name})
    refused(401, "POST", "/auth/login", json={"username": person.entity_id, "password": email})
    refused(404, "PATCH", f"/auth/users/{person.entity_id}", json={"email": email})
    refused(401, "GET", "/api/v1/runs/", headers={"X-API-Key": f"pd_{person.entity_id}"})


def bring_back(api: Api, person: Person, run: Json) -> None:
    """Try to report a person's data once more, after it was erased."""
    for step in run["steps"]:
        response = api.http.patch(
            f"/api/v1/step-runs/{step['id']}", json={"meta": {"note": person.late_note}}
        )
        assert response.status_code == 400


def race(api: Api, process: int, person: Person) -> Json:
    """Neutralize a run while executors go on reporting on it."""
    run = api.start_run(
        process, entity_id=person.entity_id, entity_name=person.name, meta=person.meta
    )

    def report(number: int) -> int:
        if number == 10:
            return api.http.post(f"/api/v1/runs/{run['id']}/neutralize").status_code
        step = run["steps"][number % 2]["id"]
        meta = {"note": person.note, "city": person.city, "version": number}
        return api.http.patch(f"/api/v1/step-runs/{step}", json={"meta": meta}).status_code

    with ThreadPoolExecutor(8) as executors:
        answered = list(executors.map(report, range(24)))
    assert answered[10] == 200
    assert set(answered) <= {200, 400, 409}
    return run


def analyze(database: str) -> None:
    """Have PostgreSQL take samples for its statistics, as it does by itself sooner or later."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("ANALYZE")
