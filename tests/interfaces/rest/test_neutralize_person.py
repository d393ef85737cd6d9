"""Forgetting a person in all workflows, over HTTP (contract section 7)."""

from tests.interfaces.api import Api, unique
from tests.interfaces.rest.problems import assert_dashboard_error, assert_invalid

PATH = "/api/v1/admin/cleanup/neutralize"


def test_a_person_is_forgotten_when_it_is_meant_and_not_before(api: Api) -> None:
    person = unique("person")
    uid = api.apply_template(author=[person], editor=["ed"])
    run = api.start_run(api.create_process("only"))

    would = api.http.post(PATH, params={"user_id": person})
    assert would.json() == {
        "neutralized_count": 1,
        "failed_count": 0,
        "neutralized_run_ids": [],
        "failed_run_ids": [],
        "neutralized_content_uids": [uid],
        "failed_content_uids": [],
        "neutralized_refusal_ids": [],
        "failed_refusal_ids": [],
        "dry_run": True,
    }
    assert "X-Event-Position" not in would.headers
    assert api.workflow(uid)["template_metadata"]["role_assignments"]["Author"] == [person]

    done = api.http.post(PATH, params={"user_id": person, "dry_run": "false"})
    assert done.json() == would.json() | {"dry_run": False}
    assert api.workflow(uid)["template_metadata"]["role_assignments"] == {"Editor": ["ed"]}
    assert api.events(f"content-{uid}")[-1]["position"] == int(done.headers["X-Event-Position"])
    assert person not in str(api.events(f"content-{uid}"))
    assert api.run(run["id"])["is_neutralized"] is False

    again = api.http.post(PATH, params={"user_id": person, "dry_run": "false"})
    assert again.json()["neutralized_count"] == 0


def test_an_entity_and_a_person_can_be_forgotten_together(api: Api) -> None:
    subject = unique("subject")
    uid = api.apply_template(author=[subject])
    run = api.start_run(api.create_process("only"), entity_id=subject)
    both = {"user_id": subject, "entity_id": subject, "dry_run": "false"}
    done = api.http.post(PATH, params=both).json()
    assert done["neutralized_run_ids"] == [run["id"]]
    assert done["neutralized_content_uids"] == [uid]
    assert done["neutralized_count"] == 2


def test_a_group_is_no_person(api: Api) -> None:
    assert_invalid(api.http.post(PATH, params={"user_id": "group:editor"}), "user_id")
    assert_invalid(api.http.post(PATH, params={"user_id": ""}), "user_id")


def test_only_an_admin_forgets_people(user_api: Api) -> None:
    response = user_api.http.post(PATH, params={"user_id": "anybody"})
    assert_dashboard_error(response, 403, "permission_denied")
