"""Templates of workflows: listed, shown, defined (seed: GET /workflows/templates)."""

from tests.interfaces.api import Api, own_template, unique
from tests.interfaces.rest.problems import assert_workflows_error
from tests.interfaces.rest.workflow_people import EXAMPLE


def test_templates_are_listed_by_category_and_complexity(api: Api) -> None:
    listed = api.get("/workflows/templates?categories=educational&complexity=simple")
    assert listed["filtered_count"] == 1
    assert listed["total_count"] >= 5
    assert listed["categories"] == ["educational", "corporate", "research"]
    assert listed["templates"] == [
        {
            "id": "simple_review",
            "name": "Simple Review Workflow",
            "description": "Basic draft → review → published workflow for educational content",
            "category": "educational",
            "states": ["draft", "pending", "published"],
            "transitions": ["submit", "approve", "reject", "publish"],
            "complexity": "simple",
        }
    ]
    both = api.get("/workflows/templates?categories=educational&categories=research&limit=100")
    assert {each["category"] for each in both["templates"]} == {"educational", "research"}
    refused = api.http.get("/workflows/templates?categories=private")
    assert_workflows_error(refused, 400, "VALIDATION_ERROR", "categories")


def test_pages_of_templates_go_on_from_the_built_in_to_the_custom_ones(api: Api) -> None:
    api.post("/workflows/templates", own_template())
    everything = api.get("/workflows/templates", limit=100)
    ids = [template["id"] for template in everything["templates"]]
    assert len(ids) == everything["total_count"] == everything["filtered_count"]
    paged = [
        template["id"]
        for offset in range(0, len(ids) + 3, 3)
        for template in api.get("/workflows/templates", limit=3, offset=offset)["templates"]
    ]
    assert paged == ids


def test_a_template_is_shown_as_the_seed_shows_it(api: Api) -> None:
    template = api.get("/workflows/templates/simple_review")["template"]
    assert template["states"][0] == {
        "id": "draft",
        "name": "Draft",
        "description": "Content is being created or edited",
        "permissions": [
            {"role": "author", "actions": ["view", "edit", "submit"]},
            {"role": "editor", "actions": ["view", "edit", "delete"]},
        ],
        "is_initial": True,
        "is_final": False,
    }
    assert template["transitions"][0] == {
        "id": "submit",
        "name": "Submit for Review",
        "description": "Submit content for peer review",
        "from_state": "draft",
        "to_state": "pending",
        "required_role": "author",
        "conditions": [],
    }
    assert template["metadata"] == {
        "created_by": "annals",
        "created_at": "2026-11-22T00:00:00Z",
        "version": "1.0.0",
    }


def test_a_custom_template_is_defined_revised_and_retired(api: Api) -> None:
    own = own_template()
    defined = api.http.post("/workflows/templates", json=own)
    assert defined.status_code == 201
    assert api.get(f"/workflows/templates/{own['id']}") == defined.json()
    uid = api.apply_template(own["id"])
    own["states"][1]["name"] = "Finished"
    own["transitions"][0]["id"] = "end"
    lower = api.http.post(f"/workflows/templates/{own['id']}/versions", json=own)
    details = assert_workflows_error(lower, 400, "VALIDATION_ERROR")
    assert details["field"] == "metadata.version"
    revised = own | {"metadata": {"version": "1.0.1"}}
    answer = api.post(f"/workflows/templates/{own['id']}/versions", revised)
    assert answer["template"]["metadata"]["version"] == "1.0.1"
    assert api.get(f"/workflows/templates/{own['id']}") == answer
    assert api.move(uid, "finish")["to_state"] == "done"
    retired = api.http.delete(f"/workflows/templates/{own['id']}")
    assert retired.status_code == 200
    path = f"/workflows/apply/{own['id']}?content_uid={unique('content')}"
    for gone in (
        api.http.get(f"/workflows/templates/{own['id']}"),
        api.http.delete(f"/workflows/templates/{own['id']}"),
        api.http.post(path, json={"role_assignments": EXAMPLE}),
    ):
        details = assert_workflows_error(gone, 404, "TEMPLATE_NOT_FOUND")
        assert own["id"] not in details["available_templates"]
    taken = api.http.post("/workflows/templates", json=own)
    assert_workflows_error(taken, 409, "TEMPLATE_EXISTS")
    assert api.workflow(uid)["current_state"] == "done"


def test_all_that_is_wrong_with_a_template_is_answered_at_once(api: Api) -> None:
    wrong = own_template(id="?", name="", category="none", metadata={"version": "1"})
    wrong["transitions"][0]["conditions"] = ["when_i_like"]
    response = api.http.post("/workflows/templates", json=wrong)
    details = assert_workflows_error(response, 400, "VALIDATION_ERROR", "Template validation fail")
    assert details["field"] == "template"
    assert len(details["validation_errors"]) == 5


def test_a_built_in_template_stays_as_it_is(api: Api) -> None:
    own = own_template(id="simple_review")
    response = api.http.post("/workflows/templates", json=own)
    assert_workflows_error(response, 409, "TEMPLATE_EXISTS")
    response = api.http.delete("/workflows/templates/simple_review")
    assert_workflows_error(response, 409, "TEMPLATE_BUILT_IN")
