"""The OpenAPI document is valid and leaves nothing out."""

from collections.abc import Iterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.interfaces.api import Api, Json
from tests.interfaces.rest.problems import FOOTBALL
from tests.interfaces.rest.sent import COMMANDS, WITH_KEY
from tests.interfaces.rest.stewardship_sent import TESTED_ELSEWHERE

PUBLIC = {("get", "/"), ("get", "/health"), ("post", "/auth/login")}

# What is served. Paths are the same with a slash at the end.
ROUTES = PUBLIC | {
    ("get", "/auth/me"),
    ("get", "/auth/users"),
    ("post", "/auth/users"),
    ("patch", "/auth/users/{username}"),
    ("get", "/api/v1/processes"),
    ("post", "/api/v1/processes"),
    ("get", "/api/v1/processes/{process_id}"),
    ("delete", "/api/v1/processes/{process_id}"),
    ("post", "/api/v1/processes/{process_id}/restore"),
    ("put", "/api/v1/processes/{process_id}/retention"),
    ("get", "/api/v1/processes/{process_id}/searchable-fields"),
    ("get", "/api/v1/processes/{process_id}/filter-metadata"),
    ("post", "/api/v1/steps"),
    ("get", "/api/v1/steps/process/{process_id}"),
    ("get", "/api/v1/steps/process/{process_id}/rerunnable"),
    ("get", "/api/v1/runs"),
    ("post", "/api/v1/runs"),
    ("get", "/api/v1/runs/search"),
    ("get", "/api/v1/runs/{run_id}"),
    ("delete", "/api/v1/runs/{run_id}"),
    ("post", "/api/v1/runs/{run_id}/restore"),
    ("post", "/api/v1/runs/{run_id}/cancel"),
    ("patch", "/api/v1/runs/{run_id}/metadata"),
    ("post", "/api/v1/runs/{run_id}/neutralize"),
    ("get", "/api/v1/step-runs/{step_run_id}"),
    ("patch", "/api/v1/step-runs/{step_run_id}"),
    ("get", "/api/v1/step-runs/run/{run_id}"),
    ("post", "/api/v1/step-runs/{step_run_id}/rerun"),
    ("get", "/api/v1/dashboard/process/{process_id}"),
    ("get", "/api/v1/dashboard/overview/{process_id}"),
    ("get", "/api/v1/admin/cleanup/stats"),
    ("post", "/api/v1/admin/cleanup/neutralize"),
    ("get", "/api/v1/auth/verify"),
    ("get", "/api/v1/auth/me"),
    ("get", "/api/v1/auth/usage-stats"),
    ("get", "/api/v1/audit/history"),
    ("get", "/api/v1/audit-logs"),
    ("get", "/api/v1/audit/streams/{stream_id}"),
    ("get", "/api/v1/audit/streams/{stream_id}/state"),
    ("get", "/api/v1/audit/streams/{stream_id}/diff"),
    ("get", "/api/v1/audit/trace/{correlation_id}"),
    ("get", "/api/v1/audit/verify"),
    ("get", "/api/v1/events"),
    ("get", "/api/v1/events/stream"),
    ("get", "/api/v1/projections"),
    ("post", "/api/v1/projections/{name}/rebuild"),
    ("get", "/api/v1/projections/{name}/parked"),
    ("post", "/api/v1/projections/{name}/parked/{stream_id}/retry"),
    ("post", "/api/v1/projections/{name}/parked/{stream_id}/skip"),
    ("get", "/api/v1/erasures"),
    ("get", "/workflows/templates"),
    ("post", "/workflows/templates"),
    ("get", "/workflows/templates/{template_id}"),
    ("delete", "/workflows/templates/{template_id}"),
    ("post", "/workflows/templates/{template_id}/versions"),
    ("post", "/workflows/apply/{template_id}"),
    ("post", "/workflows/transition"),
    ("get", "/workflows/content"),
    ("get", "/workflows/content/{content_uid}/state"),
    ("get", "/workflows/content/{content_uid}/history"),
    ("put", "/workflows/content/{content_uid}/roles"),
    ("delete", "/workflows/content/{content_uid}/template"),
    ("post", "/workflows/bulk-apply"),
    ("get", "/workflows/audit"),
    ("get", "/workflows/audit/export"),
    ("get", "/workflows/health"),
    ("get", "/api/v1/webhooks"),
    ("post", "/api/v1/webhooks"),
    ("patch", "/api/v1/webhooks"),
    ("delete", "/api/v1/webhooks"),
    ("post", "/api/v1/webhooks/rotate-secret"),
    ("post", "/api/v1/webhooks/enable"),
    ("post", "/api/v1/webhooks/disable"),
    ("get", "/api/v1/webhooks/event-types"),
    ("get", "/api/v1/webhooks/deliveries"),
    ("get", "/api/v1/webhooks/deliveries/{delivery_id}"),
    ("post", "/api/v1/webhooks/deliveries/{delivery_id}/redeliver"),
    ("post", "/api/v1/webhooks/redeliver"),
    ("post", "/api/v1/webhooks/test"),
    ("get", "/api/v1/erasures/{subject}"),
    ("get", "/api/v1/config"),
    ("put", "/api/v1/config"),
    ("get", "/api/v1/status"),
    ("get", "/api/v1/metrics"),
    ("post", "/api/v1/upload"),
    ("post", "/api/v1/process/file"),
    ("get", "/api/v1/process/status/{job_id}"),
    ("get", "/api/v1/process/queue"),
    ("delete", "/api/v1/process/job/{job_id}"),
    ("get", "/api/v1/documents"),
    ("get", "/api/v1/documents/{document_id}"),
    ("delete", "/api/v1/documents/{document_id}"),
    ("get", "/api/v1/games"),
    ("get", "/api/v1/games/{game_id}"),
    ("get", "/api/v1/games/{game_id}/odds"),
    ("get", "/api/v1/reports/latest"),
    ("get", "/api/v1/reports/trends"),
    ("post", "/api/v1/config/reload"),
    ("get", "/stewardship"),
    ("post", "/stewardship"),
    ("get", "/stewardship/metadata"),
    ("get", "/stewardship/jobs"),
    ("post", "/stewardship/jobs"),
    ("post", "/stewardship/jobs/{job_id}/cancel"),
    *(
        (method, f"/stewardship/{{stewardship_id}}/{rest}")
        for method, rest in (
            ("post", "status"),
            ("post", "approvals/{change_id}"),
            ("post", "stewards"),
            ("patch", "stewards/{user_id}"),
            ("delete", "stewards/{user_id}"),
            ("post", "stewards/{user_id}/neutralize"),
            ("post", "responsibilities"),
            ("patch", "responsibilities/{responsibility_id}"),
            ("post", "metrics/{metric_id}/measurements"),
            ("post", "policies/{policy_id}/audits"),
            ("patch", "workflows/{workflow_id}"),
            ("get", "workflows/{workflow_id}/executions"),
            ("post", "workflows/{workflow_id}/executions"),
            ("post", "workflows/{workflow_id}/executions/{execution_id}/steps/{step_id}"),
            ("post", "triggers/{event}"),
            ("get", "history"),
            ("get", "export"),
        )
    ),
    ("get", "/api/v1/teams/aliases"),
    ("put", "/api/v1/teams/aliases"),
    *(
        (method, f"/api/v1/{keys}{rest}")
        for keys in ("api-keys", "admin/api-keys")
        for method, rest in (
            ("get", ""),
            ("post", ""),
            ("get", "/{key_id}"),
            ("delete", "/{key_id}"),
            ("patch", "/{key_id}/toggle"),
        )
    ),
}

ERRORS = {"400", "413", "415", "422", "429", "500", "503"}
PROTECTED_ERRORS = ERRORS | {"401", "403", "404", "409"}
COMMAND_ERRORS = PROTECTED_ERRORS | {"412"}

LISTS = {
    "/api/v1/documents",
    "/api/v1/processes",
    "/api/v1/runs",
    "/api/v1/runs/search",
    "/api/v1/dashboard/overview/{process_id}",
    "/api/v1/api-keys",
    "/api/v1/audit/history",
    "/api/v1/audit-logs",
    "/api/v1/webhooks/deliveries",
    "/workflows/content",
    "/workflows/content/{content_uid}/history",
    "/workflows/audit",
    "/stewardship/{stewardship_id}/history",
}

# With an id, they show one, which has a version.
LISTS_AND_ONE = {"/stewardship", "/stewardship/jobs"}
EXPORT = "/stewardship/{stewardship_id}/export"

STREAM = "/api/v1/events/stream"
WORKFLOW_EXPORT = "/workflows/audit/export"
BULK_APPLY = "/workflows/bulk-apply"
REDELIVERY = "/api/v1/webhooks/deliveries/{delivery_id}/redeliver"
CLEANUP = "/api/v1/admin/cleanup/neutralize"

# Sent again, they have no effect, or the same; none of them is a command of one aggregate.
WITHOUT_CONDITIONS = {
    CLEANUP,
    "/api/v1/projections/{name}/rebuild",
    "/api/v1/projections/{name}/parked/{stream_id}/retry",
    "/api/v1/projections/{name}/parked/{stream_id}/skip",
    REDELIVERY,
    "/api/v1/webhooks/redeliver",
    "/api/v1/webhooks/test",
}

# Commands that need no more than their address, and those that may say more.
WITHOUT_BODY = (
    "/toggle",
    "/restore",
    "/cancel",
    "/rebuild",
    "/retry",
    "/reload",
    "/executions",
    "/triggers/{event}",
    REDELIVERY,
    CLEANUP,
)
OPTIONAL_BODY = ("/neutralize", "/rerun")

CREATE_NOTHING = (
    "login",
    "neutralize",
    "restore",
    "cancel",
    "retry",
    "skip",
    "rotate-secret",
    "enable",
    "disable",
    "test",
    "reload",
    "transition",
    "bulk-apply",
    "{template_id}",
    "status",
    "{change_id}",
    "{step_id}",
    "{event}",
)
ACCEPTED = ("rebuild", "redeliver", "jobs")
HEALTH = {"/health": "Health", "/workflows/health": "WorkflowHealthView"}
RATE_HEADERS = {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}
PAGE_HEADERS = {"Link", "X-Total-Count", "X-Page", "X-Page-Size", "X-Total-Pages"}


@pytest.fixture(scope="module")
def document(stranger: Api) -> Json:
    response = stranger.http.get("/openapi.json")
    assert response.status_code == 200
    served: Json = response.json()
    return served


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def test_the_document_is_valid(document: Json) -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_of_every_call_of_stewardship_more_can_be_asked_for(document: Json) -> None:
    told = {
        path: [each["name"] for each in operation.get("parameters", []) if each["in"] == "header"]
        for _, path, operation in operations(document)
    }
    with_debug = {path for path, headers in told.items() if "X-Debug" in headers}
    assert with_debug == {path for path in told if path.startswith("/stewardship")}


def test_every_route_with_every_method_is_described(document: Json) -> None:
    assert {(method, path) for method, path, _ in operations(document)} == ROUTES


def test_every_described_route_is_there_and_no_other_method(stranger: Api, document: Json) -> None:
    for path, item in document["paths"].items():
        response = stranger.http.request("TRACE", path.replace("{username}", "x"))
        assert response.status_code == 405
        allowed = {name.strip().lower() for name in response.headers["allow"].split(",")}
        assert allowed - {"options"} == set(item)


def test_operation_ids_are_unique(document: Json) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(ids)) == len(ids)


def test_every_operation_says_what_it_does(document: Json) -> None:
    for _, _, operation in operations(document):
        assert operation["summary"]
        assert operation["description"]
        assert operation["tags"]


def test_every_parameter_has_a_description_and_a_schema(document: Json) -> None:
    for method, path, operation in operations(document):
        named = {parameter["name"] for parameter in operation.get("parameters", [])}
        in_path = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        assert in_path <= named
        for parameter in operation.get("parameters", []):
            assert parameter["description"], (method, path, parameter["name"])
            assert parameter["schema"]
            needed = {"q"} | {"delete": {"url"}, "post": {"content_uid"}}.get(method, set())
            is_needed = parameter["in"] == "path" or parameter["name"] in needed
            assert parameter["required"] == is_needed


def test_every_filter_of_the_run_list_is_described(document: Json) -> None:
    described = {p["name"] for p in document["paths"]["/api/v1/runs"]["get"]["parameters"]}
    assert described == {
        "process_id",
        "entity_id",
        "entity_name",
        "status",
        "started_after",
        "started_before",
        "finished_after",
        "finished_before",
        "created_after",
        "created_before",
        "failed_after",
        "failed_before",
        "meta_filter",
        "order_by",
        "sort_direction",
        "page",
        "size",
    }


def test_every_command_describes_its_conditions_and_is_tested_with_them(document: Json) -> None:
    taking: dict[str, set[str]] = {"Idempotency-Key": set(), "If-Match": set()}
    for method, path, operation in operations(document):
        headers = {p["name"] for p in operation.get("parameters", []) if p["in"] == "header"}
        headers -= {"X-Debug"}  # tested by itself
        expected = set(taking) if method in ("post", "put", "patch") else set()
        if method == "delete":
            expected = {"If-Match"}
        if (method, path) in PUBLIC or path in WITHOUT_CONDITIONS:
            expected = set()
        if path == STREAM:
            expected = {"Last-Event-ID"}
        if path == BULK_APPLY:  # many commands, of many aggregates; tested by itself
            assert headers == {"Idempotency-Key"}
            continue
        assert headers == expected, (method, path)
        for header in headers & taking.keys():
            taking[header].add(operation["operationId"])
    assert taking == {
        "Idempotency-Key": set(WITH_KEY) | TESTED_ELSEWHERE,
        "If-Match": set(COMMANDS) | TESTED_ELSEWHERE,
    }


def test_every_command_with_a_body_describes_it(document: Json) -> None:
    for method, path, operation in operations(document):
        takes_body = method in ("post", "patch", "put") and not path.endswith(WITHOUT_BODY)
        assert ("requestBody" in operation) == takes_body, (method, path)
        if takes_body:
            [(media_type, content)] = operation["requestBody"]["content"].items()
            is_form = path == "/api/v1/upload"
            assert media_type == ("multipart/form-data" if is_form else "application/json")
            assert content["schema"]
            optional = path.endswith(OPTIONAL_BODY)
            assert operation["requestBody"]["required"] is not optional


def test_every_success_has_a_schema(document: Json) -> None:
    for method, path, operation in operations(document):
        [success] = [status for status in operation["responses"] if status.startswith("2")]
        last = path.rpartition("/")[2]
        creates = method == "post" and last not in CREATE_NOTHING
        accepts = method == "post" and last in ACCEPTED
        expected = "202" if accepts else "201" if creates else "200"
        assert success == expected, (method, path)
        content = operation["responses"][success]["content"]
        if path == STREAM:
            assert content["text/event-stream"]["schema"] == {"type": "string"}
        elif path == WORKFLOW_EXPORT:
            assert content["application/x-ndjson"]["schema"]["type"] == "string"
        elif path == EXPORT:
            assert content["application/x-ndjson"]["schema"]
        elif method == "get" and path in LISTS_AND_ONE:
            assert len(content["application/json"]["schema"]["oneOf"]) == 2
        else:
            assert content["application/json"]["schema"].keys() & {"$ref", "items"}


def test_every_error_has_the_shape_of_the_family_that_owns_the_path(document: Json) -> None:
    for method, path, operation in operations(document):
        errors = {status for status in operation["responses"] if status >= "400"}
        expected = COMMAND_ERRORS if method != "get" else PROTECTED_ERRORS
        if (method, path) in PUBLIC:
            expected = ERRORS
        assert errors - {"401"} == expected - {"401"}, (method, path)
        assert ("401" in errors) == (path not in ("/", "/health"))
        family = "FootballError" if path.startswith(FOOTBALL) else "DashboardError"
        if path.startswith("/workflows"):
            family = "WorkflowsError"
        if path.startswith("/stewardship"):
            family = "StewardshipError"
        for status in errors:
            shape = HEALTH[path] if status == "503" and path in HEALTH else family
            described = operation["responses"][status]
            assert described["description"]
            reference = described["content"]["application/json"]["schema"]["$ref"]
            assert reference == f"#/components/schemas/{shape}"


def test_the_shapes_of_errors_are_those_of_the_seeds(document: Json) -> None:
    schemas = document["components"]["schemas"]
    assert set(schemas["DashboardError"]["required"]) == {
        "detail",
        "status_code",
        "error_type",
        "timestamp",
    }
    assert set(schemas["FootballErrorBody"]["required"]) == {
        "code",
        "message",
        "details",
        "timestamp",
    }


def test_both_ways_to_authenticate_are_described(document: Json) -> None:
    schemes = document["components"]["securitySchemes"]
    assert schemes["ApiKey"] == {"type": "apiKey", "name": "X-API-Key", "in": "header"}
    assert (schemes["Bearer"]["type"], schemes["Bearer"]["scheme"]) == ("http", "bearer")


def test_public_routes_need_no_credentials_and_all_others_do(document: Json) -> None:
    for method, path, operation in operations(document):
        required: Any = operation.get("security", document.get("security"))
        if (method, path) in PUBLIC:
            assert required == []
        else:
            assert required == [{"ApiKey": []}, {"Bearer": []}]


def test_what_the_document_calls_public_is_so_and_nothing_else(
    stranger: Api, document: Json
) -> None:
    for method, path, _ in operations(document):
        status = stranger.http.request(method, path).status_code
        assert (status == 401) == ((method, path) not in PUBLIC), (method, path)


def test_responses_describe_their_headers(document: Json) -> None:
    for method, path, operation in operations(document):
        [success] = [status for status in operation["responses"] if status.startswith("2")]
        described = set(operation["responses"][success].get("headers", {}))
        assert described >= RATE_HEADERS
        headers = described - RATE_HEADERS
        if method == "get" and path.replace("/admin", "") in LISTS:
            assert headers == PAGE_HEADERS
        elif method == "get" and path in LISTS_AND_ONE:
            assert headers == PAGE_HEADERS | {"ETag"}
        elif path in WITHOUT_CONDITIONS:
            assert headers == ({"X-Event-Position"} if path == CLEANUP else set())
        elif method != "get" and path != "/auth/login":
            replayed = set() if method == "delete" else {"Idempotent-Replayed"}
            version = set() if path == BULK_APPLY else {"ETag"}
            assert headers == {"X-Event-Position"} | version | replayed


def test_the_document_says_nothing_of_what_annals_is_made_of(stranger: Api) -> None:
    text = stranger.http.get("/openapi.json").text
    assert "interfaces." not in text
    assert "projections." not in text
