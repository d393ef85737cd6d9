"""Every command of stewardship, as it is sent."""

from tests.interfaces.api import Api
from tests.interfaces.rest.sendable import Prepare, Sendable
from tests.interfaces.rest.stewardship import ANN, create, quiet_body, small_body


def _begin(api: Api) -> tuple[str, str]:
    """Give the path and the stream of a stewardship."""
    created = create(api)["id"]
    return f"/stewardship/{created}", created.replace("_", "-")


def create_stewardship(_: Api) -> Sendable:
    return Sendable("POST", "/stewardship", quiet_body())


def create_job(_: Api) -> Sendable:
    return Sendable("POST", "/stewardship/jobs", small_body())


def change_status(api: Api) -> Sendable:
    path, stream = _begin(api)
    return Sendable("POST", f"{path}/status", {"status": "suspended", "reason": "holidays"}, stream)


def decide(api: Api) -> Sendable:
    options = {"approval": {"required": True, "approvers": [f"api_key:{_own_key(api)}"]}}
    created = create(api, options=options)["id"]
    path = f"/stewardship/{created}"
    change = api.post(f"{path}/status", {"status": "suspended"})["pending_change"]["id"]
    body = {"decision": "approve", "comment": "good"}
    return Sendable("POST", f"{path}/approvals/{change}", body, created.replace("_", "-"))


def assign_steward(api: Api) -> Sendable:
    path, stream = _begin(api)
    body = {"user_id": "user_9", "role": "curator", "contact_info": {"email": "nine@example.org"}}
    return Sendable("POST", f"{path}/stewards", body, stream)


def change_steward(api: Api) -> Sendable:
    path, stream = _begin(api)
    return Sendable("PATCH", f"{path}/stewards/{ANN}", {"role": "trustee"}, stream)


def remove_steward(api: Api) -> Sendable:
    path, stream = _begin(api)
    api.post(f"{path}/stewards", {"user_id": "user_9", "role": "curator"})
    return Sendable("DELETE", f"{path}/stewards/{ANN}", None, stream)


def neutralize_steward(api: Api) -> Sendable:
    path, stream = _begin(api)
    return Sendable("POST", f"{path}/stewards/{ANN}/neutralize", {"reason": "asked to"}, stream)


def add_responsibility(api: Api) -> Sendable:
    path, stream = _begin(api)
    return Sendable("POST", f"{path}/responsibilities", {"id": "resp_002", "name": "More"}, stream)


def change_responsibility(api: Api) -> Sendable:
    path, stream = _begin(api)
    return Sendable("PATCH", f"{path}/responsibilities/resp_001", {"progress": 0.5}, stream)


def measure(api: Api) -> Sendable:
    path, stream = _begin(api)
    return Sendable("POST", f"{path}/metrics/metric_001/measurements", {"value": 96.5}, stream)


def audit(api: Api) -> Sendable:
    path, stream = _begin(api)
    body = {"checks": 20, "violations": 1}
    return Sendable("POST", f"{path}/policies/policy_001/audits", body, stream)


def start_execution(api: Api) -> Sendable:
    path, stream = _begin(api)
    return Sendable("POST", f"{path}/workflows/workflow_001/executions", None, stream)


def report_step(api: Api) -> Sendable:
    path, stream = _begin(api)
    executions = f"{path}/workflows/workflow_001/executions"
    execution = api.post(executions, {})["id"]
    body = {"outcome": "success", "note": "done"}
    return Sendable("POST", f"{executions}/{execution}/steps/step_001", body, stream)


def change_workflow(api: Api) -> Sendable:
    path, stream = _begin(api)
    return Sendable("PATCH", f"{path}/workflows/workflow_001", {"status": "paused"}, stream)


def fire_triggers(api: Api) -> Sendable:
    path, stream = _begin(api)
    return Sendable("POST", f"{path}/triggers/daily_review", None, stream)


def _own_key(api: Api) -> int:
    key: int = api.get("/api/v1/auth/verify")["key_info"]["id"]
    return key


# Where a worker runs, it may be faster than who calls a job off.
TESTED_ELSEWHERE = {"cancelStewardshipJob"}

# By the operation's id in the OpenAPI document.
WITH_KEY: dict[str, Prepare] = {
    "createStewardship": create_stewardship,
    "createStewardshipJob": create_job,
    "changeStewardshipStatus": change_status,
    "decideOnStatusChange": decide,
    "assignSteward": assign_steward,
    "changeSteward": change_steward,
    "neutralizeSteward": neutralize_steward,
    "addResponsibility": add_responsibility,
    "changeResponsibility": change_responsibility,
    "measureMetric": measure,
    "auditPolicy": audit,
    "startExecution": start_execution,
    "reportStep": report_step,
    "changeWorkflowStatus": change_workflow,
    "fireTriggers": fire_triggers,
}
WITHOUT_KEY: dict[str, Prepare] = {"removeSteward": remove_steward}
