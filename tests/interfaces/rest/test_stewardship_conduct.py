"""What is done in a stewardship over HTTP (contract section 8); the rules are in the domain."""

from collections.abc import Iterator

import httpx
import pytest

from tests.interfaces.api import PASSWORD, Api, Json, answered, unique
from tests.interfaces.conftest import fresh_database
from tests.interfaces.rest.problems import assert_stewardship_error
from tests.interfaces.rest.stewardship import ANN, create, finished, small_body
from tests.serving import Served, serving


@pytest.fixture
def path(api: Api) -> str:
    return f"/stewardship/{create(api)['id']}"


def test_a_responsibility_is_reported_on_until_it_is_completed(api: Api, path: str) -> None:
    half = api.patch(f"{path}/responsibilities/resp_001", {"progress": 0.5})
    assert half["responsibilities"][0]["status"] == "in_progress"

    done = api.patch(f"{path}/responsibilities/resp_001", {"status": "completed"})

    assert done["responsibilities"][0]["progress"] == 1.0
    assert done["summary"]["completed_tasks"] == 1
    assert done["stewards"][0]["performance"]["tasks_completed"] == 1
    response = api.http.patch(f"{path}/responsibilities/resp_001", json={"progress": 0.5})
    assert_stewardship_error(response, 400, "progress must not fall from 1 to 0.5")


def test_what_is_assigned_to_nobody_falls_to_the_primary_steward(api: Api, path: str) -> None:
    added = api.post(f"{path}/responsibilities", {"id": "resp_002", "name": "More"})

    assert [each["assigned_to"] for each in added["responsibilities"]] == [ANN, ANN]


def test_stewards_come_change_and_go(api: Api, path: str) -> None:
    assigned = api.post(f"{path}/stewards", {"user_id": "user_9", "role": "curator"})
    assert assigned["summary"]["total_stewards"] == 2
    suspended = api.patch(f"{path}/stewards/user_9", {"status": "suspended", "role": "trustee"})
    assert [(each["role"], each["status"]) for each in suspended["stewards"]] == [
        ("owner", "active"),
        ("trustee", "suspended"),
    ]
    assert suspended["summary"]["active_stewards"] == 1

    left = answered(api.http.delete(f"{path}/stewards/user_9"), 200)

    assert [each["user_id"] for each in left["stewards"]] == [ANN]
    response = api.http.delete(f"{path}/stewards/{ANN}")
    assert_stewardship_error(response, 400, "At least one steward is required")


def test_measurements_and_audits_move_the_figures(api: Api, path: str) -> None:
    api.post(f"{path}/metrics/metric_001/measurements", {"value": 90})
    measured = api.post(f"{path}/metrics/metric_001/measurements", {"value": 96.5})
    assert measured["metrics"][0]["trend"] == "improving"
    assert measured["statistics"]["quality_metrics"][0]["variance"] == -1.5

    audited = api.post(f"{path}/policies/policy_001/audits", {"checks": 40, "violations": 2})

    [policy] = audited["statistics"]["compliance_metrics"]
    assert (policy["compliance_rate"], policy["violations"]) == (0.95, 2)
    assert audited["summary"]["compliance_score"] == 0.95


def test_a_workflow_is_carried_out_step_by_step(api: Api, path: str) -> None:
    executions = f"{path}/workflows/workflow_001/executions"
    started = api.post(executions, {})
    assert (started["status"], started["trigger_id"]) == ("running", None)
    step = f"{executions}/{started['id']}/steps/step_001"

    waiting = api.post(step, {"outcome": "failure", "note": "no data"})
    assert waiting["steps"][0]["status"] == "waiting"
    assert waiting["steps"][0]["retry_at"] is not None
    response = api.http.post(step, json={"outcome": "success"})
    assert_stewardship_error(response, 400, "only a running one can end")

    [fired] = api.post(f"{path}/triggers/daily_review", {})["executions"]
    ended = api.post(f"{executions}/{fired['id']}/steps/step_001", {"outcome": "success"})
    assert (ended["status"], ended["trigger_id"]) == ("succeeded", "trigger_001")
    listed = api.get(executions)
    assert [each["status"] for each in listed["executions"]] == ["succeeded", "running"]


def test_a_paused_workflow_is_not_carried_out(api: Api, path: str) -> None:
    paused = api.patch(f"{path}/workflows/workflow_001", {"status": "paused"})
    assert paused["workflows"] == ["paused"]

    for call in ("workflows/workflow_001/executions", "triggers/daily_review"):
        assert_stewardship_error(api.http.post(f"{path}/{call}"), 400, "is paused, not active")


@pytest.mark.parametrize(
    ("call", "body", "unknown"),
    [
        ("PATCH responsibilities/none", {"progress": 1}, "Responsibility none"),
        ("PATCH stewards/none", {"role": "owner"}, "Steward none"),
        ("POST metrics/none/measurements", {"value": 1}, "Metric none"),
        ("POST policies/none/audits", {"checks": 1, "violations": 0}, "Policy none"),
        ("POST workflows/none/executions", None, "Workflow none"),
        ("GET workflows/none/executions", None, "Workflow none"),
        (
            "POST workflows/workflow_001/executions/none/steps/x",
            {"outcome": "success"},
            "Execution none",
        ),
        ("POST approvals/none", {"decision": "approve"}, "Change none"),
        ("POST triggers/none", None, "No enabled trigger has the event none"),
    ],
)
def test_what_a_stewardship_has_not_is_not_found(
    api: Api, path: str, call: str, body: Json | None, unknown: str
) -> None:
    method, rest = call.split()

    response = api.http.request(method, f"{path}/{rest}", json=body)

    assert_stewardship_error(response, 404, unknown)


@pytest.mark.parametrize(
    ("call", "body", "says"),
    [
        ("POST status", {}, "status is required"),
        ("POST status", {"status": "on"}, "status must be one of active, inactive"),
        ("POST approvals/x", {"decision": "maybe"}, "decision must be one of approve, reject"),
        ("POST stewards", {"role": "owner"}, "user ID is required"),
        ("POST stewards", {"user_id": "u"}, "role is required"),
        ("POST stewards", {"user_id": "a/b", "role": "owner"}, "user_id must have"),
        ("PATCH stewards/user_123", {"status": "inactive"}, "status must be active or"),
        ("POST responsibilities", {"name": "x"}, "id is required"),
        ("PATCH responsibilities/resp_001", {"progress": 1.5}, "progress: "),
        ("PATCH responsibilities/resp_001", {"due_date": "soon"}, "due_date must be a moment"),
        ("POST metrics/metric_001/measurements", {}, "value is required"),
        ("POST metrics/metric_001/measurements", {"value": "9"}, "value: "),
        ("POST policies/policy_001/audits", {"checks": 0, "violations": 0}, "checks: "),
        (
            "POST workflows/workflow_001/executions/execution_1/steps/step_001",
            {"outcome": "well"},
            "outcome must be one of success, failure",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(
    api: Api, path: str, call: str, body: Json, says: str
) -> None:
    method, rest = call.split()

    error = assert_stewardship_error(api.http.request(method, f"{path}/{rest}", json=body), 400)

    assert error.startswith(f"Validation error: {says}"), error


def test_a_status_that_needs_approval_changes_with_the_approval_of_an_approver(
    api: Api, user_api: Api, served: Served
) -> None:
    email = f"{unique('approver')}@company.com"
    approver = api.register(email=email)["username"]
    approval = {"required": True, "approvers": [email], "threshold": 1}
    created = create(api, options={"approval": approval})
    path = f"/stewardship/{created['id']}"
    proposed = user_api.post(f"{path}/status", {"status": "suspended", "reason": "a break"})
    change = proposed["pending_change"]
    assert (proposed["status"], change["status"], change["approvals"]) == ("active", "suspended", 0)
    decision = f"{path}/approvals/{change['id']}"
    body = {"decision": "approve", "comment": "so be it"}

    assert_stewardship_error(api.http.post(decision, json=body), 403, "Only an approver")
    token = answered(api.log_in(approver, PASSWORD), 200)["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    with served.client(None) as client:
        decided = answered(client.post(decision, json=body, headers=bearer), 200)

    assert decided["status"] == "suspended"
    assert "pending_change" not in decided
    types = [entry["type"] for entry in api.get(f"{path}/history")["items"]]
    assert types[-3:] == [
        "StatusChangeProposed",
        "StatusChangeApproved",
        "StewardshipStatusChanged",
    ]


def test_a_name_left_empty_makes_nobody_an_approver(api: Api, user_api: Api) -> None:
    options = {
        "approval": {"required": True, "approvers": ["", " ", "boss"]},
        "escalation": {"recipients": ["", "boss"]},
    }
    created = create(api, options=options)
    path = f"/stewardship/{created['id']}"
    change = api.post(f"{path}/status", {"status": "inactive"})["pending_change"]
    decision = f"{path}/approvals/{change['id']}"

    for each in (api, user_api):
        response = each.http.post(decision, json={"decision": "approve"})
        assert_stewardship_error(response, 403, "Only an approver")
    shown = api.get("/stewardship", id=created["id"], include="definition")["definition"]["options"]
    assert (shown["approval"]["approvers"], shown["escalation"]["recipients"]) == (
        ["boss"],
        ["boss"],
    )


def test_where_nobody_is_named_anybody_decides_but_who_proposed(api: Api, user_api: Api) -> None:
    created = create(api, options={"approval": {"required": True}})
    path = f"/stewardship/{created['id']}"
    change = api.post(f"{path}/status", {"status": "inactive"})["pending_change"]
    decision = f"{path}/approvals/{change['id']}"

    response = api.http.post(decision, json={"decision": "approve"})
    assert_stewardship_error(response, 403, "Who proposed")
    decided = user_api.post(decision, {"decision": "reject"})

    assert decided["status"] == "active"
    assert "pending_change" not in decided


def test_an_archived_stewardship_is_no_longer_conducted(api: Api, path: str) -> None:
    api.post(f"{path}/status", {"status": "archived"})

    response = api.http.post(f"{path}/metrics/metric_001/measurements", json={"value": 1})

    assert_stewardship_error(response, 400, "is archived")


def test_the_history_tells_who_did_what_in_pages(api: Api, path: str) -> None:
    api.patch(f"{path}/responsibilities/resp_001", {"progress": 0.5})

    page = api.http.get(f"{path}/history", params={"size": 2, "page": 2})

    shown = page.json()
    assert (shown["total"], shown["page"], shown["pages"]) == (4, 2, 2)
    assert [(each["type"], each["operation"]) for each in shown["items"]] == [
        ("ResponsibilityAdded", "create"),
        ("ResponsibilityProgressed", "update"),
    ]
    assert shown["items"][1]["actor"].startswith("api_key:")
    assert shown["items"][1]["data"] == {
        "responsibility_id": "resp_001",
        "previous": 0.0,
        "progress": 0.5,
    }
    assert page.headers["x-total-count"] == "4"


def test_the_history_is_exported_as_json_lines_and_as_csv(api: Api, path: str) -> None:
    lines = api.http.get(f"{path}/export")
    table = api.http.get(f"{path}/export", params={"format": "csv"})

    assert lines.headers["content-type"] == "application/x-ndjson"
    assert len(lines.text.splitlines()) == 3
    assert table.headers["content-type"].startswith("text/csv")
    header, *rows = table.text.splitlines()
    assert header == "position,version,recorded_at,operation,type,actor,redacted,data"
    assert len(rows) == 3
    response = api.http.get(f"{path}/export", params={"format": "xml"})
    assert_stewardship_error(response, 400, "format")


@pytest.mark.parametrize(
    ("audit", "history", "export"),
    [
        ({"enabled": False, "export": True}, 400, 400),
        ({"enabled": True, "export": False}, 200, 400),
        ({"enabled": True, "export": True}, 200, 200),
        (None, 200, 200),
    ],
)
def test_options_say_whether_there_is_a_history_and_an_export(
    api: Api, audit: Json | None, history: int, export: int
) -> None:
    created = api.post("/stewardship", small_body(options={"audit": audit}))
    path = f"/stewardship/{created['id']}"

    assert api.http.get(f"{path}/history").status_code == history
    assert api.http.get(f"{path}/export").status_code == export


def test_only_the_operations_that_were_asked_for_are_in_the_history(api: Api) -> None:
    audit = {"enabled": True, "events": ["update", "delete"]}
    path = f"/stewardship/{create(api, options={'audit': audit})['id']}"
    api.patch(f"{path}/responsibilities/resp_001", {"progress": 0.5})

    items = api.get(f"{path}/history")["items"]

    assert [each["type"] for each in items] == ["ResponsibilityProgressed"]


def test_a_job_that_is_done_cannot_be_cancelled(api: Api) -> None:
    requested = answered(api.http.post("/stewardship/jobs", json=small_body()), 202)
    assert requested.keys() == {"id", "type", "status", "progress", "created_at"}
    assert (requested["status"], requested["progress"]) == ("pending", 0.0)
    finished(api, requested["id"])

    response = api.http.post(f"/stewardship/jobs/{requested['id']}/cancel")

    assert_stewardship_error(response, 400, "The job is completed and cannot be cancelled")


@pytest.fixture(scope="module")
def without_worker(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """An Annals that does no jobs, with DEBUG, as the admin reaches it."""
    home = tmp_path_factory.mktemp("annals")
    with (
        fresh_database(postgres_url) as database,
        serving(home, database_url=database, parts="api,projections", DEBUG="true") as served,
        served.client() as client,
    ):
        yield client


def test_a_job_that_waits_is_cancelled_once_under_the_conditions_that_are_sent(
    without_worker: httpx.Client,
) -> None:
    client = without_worker
    requested = answered(client.post("/stewardship/jobs", json=small_body()), 202)
    path = f"/stewardship/jobs/{requested['id']}/cancel"
    stale = client.post(path, headers={"If-Match": '"9"'})
    assert_stewardship_error(stale, 412, "If-Match")

    first, again = (client.post(path, headers={"Idempotency-Key": "once"}) for _ in range(2))

    assert answered(first, 200)["status"] == "cancelled"
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    shown = client.get("/stewardship/jobs", params={"id": requested["id"]}).json()
    assert shown == first.json()
    assert_stewardship_error(client.post("/stewardship/jobs/none/cancel"), 404, "Job not found")


def test_with_debug_turned_on_whoever_asks_is_told_how_they_were_served(
    without_worker: httpx.Client,
) -> None:
    key = answered(without_worker.post("/api/v1/api-keys/", json={"name": "user"}), 201)["key"]

    asked = without_worker.get("/stewardship", headers={"X-API-Key": key, "X-Debug": "true"})
    not_asked = without_worker.get("/stewardship", headers={"X-API-Key": key})

    assert answered(asked, 200)["debug"]["projection_lag"] == 0
    assert "debug" not in answered(not_asked, 200)
