"""The contact details of a steward can be erased for good (contract section 7)."""

import json

import pytest

from tests.interfaces.api import Api, Json, answered, unique
from tests.interfaces.rest.problems import assert_stewardship_error
from tests.interfaces.rest.stewardship import create, finished, quiet_body, small_body
from tests.serving import Served

EMPTY = dict.fromkeys(("email", "phone", "slack", "teams", "emergency"), "")


class Person:
    """A steward whose contact details nobody else has."""

    def __init__(self) -> None:
        self.user_id = unique("steward")
        self.secret = unique("secret-contact")
        self.contact = {
            "email": f"{self.secret}@example.org",
            "phone": f"+45 {self.secret}",
            "slack": f"@{self.secret}",
        }

    @property
    def steward(self) -> Json:
        return {"user_id": self.user_id, "role": "owner", "contact_info": self.contact}


@pytest.fixture
def person() -> Person:
    return Person()


def test_contact_details_are_gone_from_everything_that_can_be_read(
    api: Api, person: Person
) -> None:
    created = create(api, stewards=[person.steward])
    path = f"/stewardship/{created['id']}"
    assert person.secret in json.dumps(created)
    api.patch(f"{path}/stewards/{person.user_id}", {"contact_info": {"teams": person.secret}})

    neutralized = api.post(f"{path}/stewards/{person.user_id}/neutralize", {"reason": "asked to"})

    assert neutralized["stewards"][0]["contact_info"] == EMPTY
    texts = [json.dumps(neutralized)]
    for shown in (
        "/stewardship",
        f"/stewardship?steward={person.user_id}",
        f"/stewardship?id={created['id']}&include=definition",
        f"{path}/history",
        f"{path}/export",
        f"{path}/export?format=csv",
        f"/api/v1/audit/streams/{created['id'].replace('_', '-')}",
        f"/api/v1/audit/streams/{created['id'].replace('_', '-')}/state?version=2",
    ):
        response = api.http.get(shown)
        assert response.status_code == 200, response.text
        texts.append(response.text)
    assert [text for text in texts if person.secret in text] == []
    assert "[REDACTED]" in texts[4]
    history = api.get(f"{path}/history")["items"]
    assert history[-1]["type"] == "StewardNeutralized"
    assert history[-1]["operation"] == "delete"
    assert history[-1]["data"]["redacted_fields"] == [
        f"contact_info.{field}" for field in ("email", "phone", "slack", "teams")
    ]


def test_an_address_among_the_options_is_gone_from_everything_that_can_be_read(
    api: Api, person: Person
) -> None:
    address = person.contact["email"]
    options = {
        "approval": {"required": True, "approvers": ["ann", address], "threshold": 1},
        "escalation": {"enabled": True, "timeouts": ["1h"], "recipients": [address.upper()]},
    }
    created = create(api, options=options)
    stream = created["id"].replace("_", "-")
    requested = answered(api.http.post("/stewardship/jobs", json=quiet_body(options=options)), 202)
    of_job = finished(api, requested["id"])["result"]["stewardship_id"]
    cleanup = f"/api/v1/admin/cleanup/neutralize?entity_id={address}"

    shown = api.get("/stewardship", id=created["id"], include="definition")["definition"]["options"]
    would = answered(api.http.post(cleanup), 200)
    done = answered(api.http.post(f"{cleanup}&dry_run=false"), 200)

    assert shown["approval"]["approvers"] == ["ann", address]
    assert shown["escalation"]["recipients"] == [address.upper()]
    for told in (would, done):
        assert told["neutralized_stewardship_ids"] == [created["id"], of_job]
    texts = []
    for path in (
        f"/stewardship?id={created['id']}&include=definition",
        f"/stewardship?id={of_job}&include=definition",
        f"/stewardship/{created['id']}/history",
        f"/stewardship/{created['id']}/export?format=csv",
        f"/api/v1/audit/streams/{stream}",
        f"/api/v1/audit/streams/{stream}/state?version=4",
        f"/api/v1/audit/streams/{requested['id'].replace('job_', 'job-')}",
        f"/api/v1/audit/streams/{requested['id'].replace('job_', 'job-')}/state",
    ):
        response = api.http.get(path)
        assert response.status_code == 200, response.text
        texts.append(response.text.casefold())
    assert [text for text in texts if address in text] == []
    assert all("[redacted]" in text for text in texts[:-1])


def test_the_other_stewards_keep_theirs(api: Api, person: Person) -> None:
    other = Person()
    created = create(api, stewards=[person.steward, other.steward])

    path = f"/stewardship/{created['id']}/stewards/{person.user_id}/neutralize"
    shown = api.post(path, {})["stewards"]

    assert shown[0]["contact_info"] == EMPTY
    assert shown[1]["contact_info"] == EMPTY | other.contact


def test_neutralizing_is_for_admins(user_api: Api, api: Api, person: Person) -> None:
    created = create(api, stewards=[person.steward])
    path = f"/stewardship/{created['id']}/stewards/{person.user_id}/neutralize"

    assert_stewardship_error(user_api.http.post(path), 403, "role")


def test_neutralizing_twice_is_neutralizing_once(api: Api, person: Person) -> None:
    created = create(api, stewards=[person.steward])
    path = f"/stewardship/{created['id']}/stewards/{person.user_id}/neutralize"

    versions = {answered_version(api, path) for _ in range(2)}

    assert len(versions) == 1


def test_who_never_was_a_steward_is_unknown(api: Api) -> None:
    created = create(api)
    response = api.http.post(f"/stewardship/{created['id']}/stewards/nobody/neutralize")

    assert_stewardship_error(response, 404, "Steward nobody not found")


def test_contact_details_do_not_come_back(api: Api, person: Person) -> None:
    created = create(api, stewards=[person.steward])
    path = f"/stewardship/{created['id']}/stewards/{person.user_id}"
    api.post(f"{path}/neutralize", {})

    response = api.http.patch(path, json={"contact_info": {"phone": "+45"}})

    assert_stewardship_error(response, 400, "has been neutralized")


def test_the_result_of_a_job_has_them_no_more(api: Api, person: Person) -> None:
    body = quiet_body(stewards=[person.steward])
    requested = answered(api.http.post("/stewardship/jobs", json=body), 202)
    job = finished(api, requested["id"])
    assert person.secret in json.dumps(job)

    path = f"/stewardship/{job['result']['stewardship_id']}/stewards/{person.user_id}"
    api.post(f"{path}/neutralize", {})

    shown = api.get("/stewardship/jobs", id=requested["id"])
    assert shown["result"]["stewards"][0]["contact_info"] == EMPTY
    stream = requested["id"].replace("job_", "job-")
    assert person.secret not in json.dumps(api.events(stream))


def test_all_that_is_held_on_a_data_subject_is_found_and_erased(api: Api, person: Person) -> None:
    run = api.start_run(api.create_process("only"), entity_id=person.user_id)
    created = create(api, stewards=[person.steward])["id"]
    small = api.post("/stewardship", small_body(stewards=[person.steward]))["id"]
    cleanup = f"/api/v1/admin/cleanup/neutralize?entity_id={person.user_id}"

    would = answered(api.http.post(cleanup), 200)
    done = answered(api.http.post(f"{cleanup}&dry_run=false"), 200)

    assert (would["neutralized_count"], done["neutralized_count"]) == (3, 3)
    for told in (would, done):
        assert told["neutralized_run_ids"] == [run["id"]]
        assert told["neutralized_stewardship_ids"] == sorted(
            [created, small], key=lambda name: int(name.rpartition("_")[2])
        )
    for stewardship in (created, small):
        shown = api.get("/stewardship", id=stewardship)
        assert shown["stewards"][0]["contact_info"] == EMPTY
    again = answered(api.http.post(f"{cleanup}&dry_run=false"), 200)
    assert "neutralized_stewardship_ids" not in again
    assert again["neutralized_count"] == 0


def test_the_erasure_is_certified_after_looking_everywhere_and_a_rebuild_equals_it(
    api: Api, served: Served, person: Person
) -> None:
    body = quiet_body(stewards=[person.steward])
    requested = answered(api.http.post("/stewardship/jobs", json=body), 202)
    created = finished(api, requested["id"])["result"]["stewardship_id"]
    api.post(f"/stewardship/{created}/stewards/{person.user_id}/neutralize", {})
    subject = f"{created.replace('_', '-')}-steward-1"

    certified = served.run("erasures", "certify", subject, "--json", "--search", person.secret)

    assert certified.returncode == 0, certified.stdout + certified.stderr
    erased = json.loads(certified.stdout)["certificate"]["erased"]
    assert [(each["event_type"], each["fields"]) for each in erased] == [
        ("StewardAssigned", ["contact_info"]),
        ("StewardshipJobContactGiven", ["contact_info"]),
    ]
    assert api.get(f"/api/v1/erasures/{subject}")["reason"] == "Neutralized on request"


def answered_version(api: Api, path: str) -> str:
    response = api.http.post(path)
    assert response.status_code == 200, response.text
    version: str = response.headers["etag"]
    return version
