"""The calls of the seed: set a stewardship up, get it, list it (contract section 8)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from interfaces.rest.families import SKINS, Family, Problem, StewardshipError
from tests.interfaces.api import Api, Json, unique
from tests.interfaces.rest.problems import assert_stewardship_error
from tests.interfaces.rest.stewardship import ANN, create, seed_body, small_body


def test_the_body_of_the_seed_gives_the_response_of_the_seed_with_figures_that_are_true(
    api: Api,
) -> None:
    response = api.http.post("/stewardship", json=seed_body())

    assert response.status_code == 201, response.text
    created = response.json()
    now = created["created_at"]
    assert created == {
        "id": created["id"],
        "type": "data_quality",
        "domain": "customer_data",
        "status": "active",
        "stewards": [
            {
                "user_id": ANN,
                "name": "Steward user_123",
                "role": "owner",
                "status": "active",
                "permissions": ["read", "write"],
                "start_date": "2024-12-19T10:30:00Z",
                "is_primary": True,
                "contact_info": {
                    "email": "steward@example.com",
                    "phone": "+1-555-123-4567",
                    "slack": "@steward",
                    "teams": "steward@company.com",
                    "emergency": "+1-555-999-8888",
                },
                "performance": {
                    "tasks_completed": 0,
                    "tasks_overdue": 1,
                    "average_response": 0.0,
                    "quality_score": 0.0,
                    "last_activity": now,
                },
            }
        ],
        "responsibilities": [
            {
                "id": "resp_001",
                "name": "Data Quality Review",
                "status": "overdue",
                "progress": 0.0,
                "due_date": "2024-12-26T10:30:00Z",
                "assigned_to": ANN,
                "last_updated": now,
            }
        ],
        "workflows": ["active"],
        "metrics": [
            {
                "id": "metric_001",
                "name": "Data Completeness",
                "current_value": 0.0,
                "target_value": 95.0,
                "status": "pending",
                "last_updated": now,
                "trend": "stable",
            }
        ],
        "summary": {
            "total_stewards": 1,
            "active_stewards": 1,
            "total_responsibilities": 1,
            "completed_tasks": 0,
            "overdue_tasks": 1,
            "average_quality": 0.0,
            "compliance_score": 1.0,
        },
        "statistics": {
            "steward_performance": [
                {
                    "user_id": ANN,
                    "name": "Steward user_123",
                    "tasks_completed": 0,
                    "tasks_overdue": 1,
                    "average_response": 0.0,
                    "quality_score": 0.0,
                    "last_activity": now,
                }
            ],
            "responsibility_trends": [
                {
                    "date": now,
                    "total_tasks": 1,
                    "completed_tasks": 0,
                    "overdue_tasks": 1,
                    "average_progress": 0.0,
                }
            ],
            "workflow_metrics": [
                {
                    "workflow_id": "workflow_001",
                    "name": "Quality Review Workflow",
                    "total_executions": 0,
                    "successful_runs": 0,
                    "average_duration": 0.0,
                    "last_execution": None,
                }
            ],
            "quality_metrics": [
                {
                    "metric_id": "metric_001",
                    "name": "Data Completeness",
                    "current_value": 0.0,
                    "target_value": 95.0,
                    "variance": 95.0,
                    "status": "pending",
                    "last_updated": now,
                }
            ],
            "compliance_metrics": [
                {
                    "policy_id": "policy_001",
                    "name": "Data Quality Policy",
                    "compliance_rate": 1.0,
                    "violations": 0,
                    "last_audit": None,
                    "next_audit": created["statistics"]["compliance_metrics"][0]["next_audit"],
                }
            ],
        },
        "created_at": now,
        "updated_at": now,
    }
    assert created["id"].startswith("stewardship_")
    assert created["id"].removeprefix("stewardship_").isdigit()
    fetched = api.http.get("/stewardship", params={"id": created["id"]})
    assert fetched.json() == created
    assert fetched.headers["etag"] == response.headers["etag"]


def test_nothing_that_is_sent_is_thrown_away(api: Api) -> None:
    sent = seed_body()
    created = api.post("/stewardship", sent)

    [shown] = [
        api.get("/stewardship", id=created["id"], include="definition")["definition"],
    ]

    for name in ("metadata", "options"):
        _assert_within(sent[name], shown[name])
    for name in ("responsibilities", "workflows", "metrics", "policies"):
        for given, kept in zip(sent[name], shown[name], strict=True):
            _assert_within(given, kept)


def test_a_client_in_go_sends_zero_values_for_what_is_unset(api: Api) -> None:
    zero = "0001-01-01T00:00:00Z"
    body = small_body(
        stewards=[
            {
                "user_id": "user_1",
                "role": "custodian",
                "permissions": None,
                "start_date": "2024-12-19T10:30:00.123456789Z",
                "end_date": zero,
                "is_primary": False,
                "contact_info": dict.fromkeys(
                    ("email", "phone", "slack", "teams", "emergency"), ""
                ),
            }
        ],
        responsibilities=[{"id": "r", "name": "R", "due_date": zero, "status": ""}],
        workflows=[
            {
                "id": "w",
                "name": "W",
                "status": "",
                "steps": [
                    {
                        "id": "s",
                        "timeout": 3_600_000_000_000,
                        "retry_policy": {"max_attempts": 0, "backoff": 0, "strategy": ""},
                    }
                ],
                "triggers": [{"id": "t", "schedule": {"type": "", "interval": 0, "cron": ""}}],
            }
        ],
        metrics=None,
        policies=None,
        metadata=None,
        options={
            "auto_assignment": False,
            "escalation": {"enabled": False, "levels": 0, "timeouts": None, "recipients": None},
            "notifications": dict.fromkeys(("email", "slack", "teams", "sms", "webhook"), False),
            "approval": {"required": False, "approvers": None, "threshold": 0},
            "audit": {"enabled": False, "retention": 0, "events": None, "export": False},
        },
    )

    created = api.post("/stewardship", body)

    [steward] = created["stewards"]
    assert steward["start_date"] == "2024-12-19T10:30:00.123456Z"
    assert "end_date" not in steward
    assert created["responsibilities"][0]["due_date"] is None
    assert created["workflows"] == ["draft"]
    shown = api.get("/stewardship", id=created["id"], include="definition")["definition"]
    assert shown["workflows"][0]["steps"][0]["timeout"] == "1h"
    assert shown["options"]["audit"] is None


def test_a_time_without_an_offset_is_utc(api: Api) -> None:
    steward = {"user_id": "user_1", "role": "owner", "start_date": "2024-12-19T10:30:00"}

    created = api.post("/stewardship", small_body(stewards=[steward]))

    assert created["stewards"][0]["start_date"] == "2024-12-19T10:30:00Z"


STEWARD = {"user_id": "user_1", "role": "owner"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"type": None, "domain": None, "stewards": None}, "stewardship type is required"),
        ({"type": "", "domain": ""}, "stewardship type is required"),
        ({"domain": "", "stewards": []}, "domain is required"),
        ({"domain": "  "}, "domain is required"),
        ({"stewards": []}, "at least one steward is required"),
        ({"stewards": [{}]}, "user ID is required for steward 1"),
        ({"stewards": [STEWARD, {"user_id": "user_2"}]}, "role is required for steward 2"),
        ({"type": "foo", "stewards": [{"user_id": "a"}]}, "role is required for steward 1"),
        ({"type": "foo"}, "type must be one of data_quality, data_governance"),
        ({"stewards": [STEWARD | {"role": "king"}]}, "stewards[0].role must be one of owner"),
        ({"stewards": [STEWARD, STEWARD]}, 'stewards[1].user_id has "user_1" a second time'),
        (
            {"stewards": [STEWARD | {"contact_info": {"email": "none"}}]},
            "stewards[0].contact_info.email must be an e-mail address",
        ),
        (
            {"stewards": [STEWARD | {"start_date": "yesterday"}]},
            "stewards[0].start_date must be a moment",
        ),
        (
            {"stewards": [STEWARD | {"start_date": "2025-01-01", "end_date": "2024-01-01"}]},
            "stewards[0].end_date must be after start_date",
        ),
        ({"responsibilities": [{"name": "R"}]}, "responsibilities[0].id is required"),
        (
            {"responsibilities": [{"id": "r", "status": "done"}]},
            "responsibilities[0].status must be one of",
        ),
        ({"workflows": [{"id": "w", "status": "on"}]}, "workflows[0].status must be one of"),
        (
            {"workflows": [{"id": "w", "steps": [{"id": "s", "timeout": "soon"}]}]},
            "workflows[0].steps[0].timeout must be a duration",
        ),
        (
            {"workflows": [{"id": "w", "steps": [{"id": "s", "retry_policy": {"backoff": "x"}}]}]},
            "workflows[0].steps[0].retry_policy.backoff must be a duration",
        ),
        (
            {"workflows": [{"id": "w", "triggers": [{"id": "t", "schedule": {"cron": "x"}}]}]},
            "workflows[0].triggers[0].schedule.cron must be a cron expression",
        ),
        (
            {"workflows": [{"id": "w", "triggers": [{"id": "t", "schedule": {"type": "cron"}}]}]},
            "workflows[0].triggers[0].schedule.cron is required",
        ),
        (
            {"options": {"escalation": {"timeouts": ["1h", "never"]}}},
            "options.escalation.timeouts[1] must be a duration",
        ),
        (
            {"options": {"escalation": {"recipients": ["a@b"]}}},
            "options.escalation.recipients[0] must be an e-mail address",
        ),
        (
            {"options": {"approval": {"approvers": ["a@b.org"], "threshold": 2}}},
            "options.approval.threshold must not be more than there are approvers",
        ),
        ({"options": {"audit": {"retention": "long"}}}, "options.audit.retention must be"),
        ({"options": {"audit": {"events": ["x"]}}}, "options.audit.events[0] must be one of"),
        ({"metrics": [{"id": "m"}, {"id": "m"}]}, 'metrics[1].id has "m" a second time'),
    ],
)  # fmt: skip
def test_a_stewardship_that_cannot_be_is_refused_in_the_words_of_the_seed(
    api: Api, changes: Json, says: str
) -> None:
    for path in ("/stewardship", "/stewardship/jobs"):
        error = assert_stewardship_error(api.http.post(path, json=small_body(**changes)), 400)
        assert error.startswith(f"Validation error: {says}"), error


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": 5}, "type"),
        ({"stewards": [{"user_id": 5}]}, "stewards[0].user_id"),
        ({"stewards": {}}, "stewards"),
        ({"metrics": [{"id": "m", "threshold": "95"}]}, "metrics[0].threshold"),
        ({"domain": "d" * 256}, "domain"),
        ({"metadata": {"a": "\u0000"}}, "metadata.a"),
        ({"options": {"approval": {"threshold": 1.5}}}, "options.approval.threshold"),
    ],
)
def test_a_wrong_type_names_its_field(api: Api, changes: Json, field: str) -> None:
    error = assert_stewardship_error(api.http.post("/stewardship", json=small_body(**changes)), 400)

    assert error.startswith(f"Validation error: {field}"), error


@pytest.mark.parametrize("content", ["", "[]", "nonsense", '"text"', "{", "null"])
def test_a_body_that_is_no_json_object_is_an_invalid_request_body(api: Api, content: str) -> None:
    response = api.http.post(
        "/stewardship", content=content, headers={"Content-Type": "application/json"}
    )

    assert assert_stewardship_error(response, 400) == "Invalid request body"


def test_an_id_that_is_empty_or_unknown(api: Api) -> None:
    assert (
        assert_stewardship_error(api.http.get("/stewardship?id="), 400)
        == "Stewardship ID is required"
    )
    for unknown in ("non_existent_id", "stewardship_0", "stewardship_99999999999999999999"):
        response = api.http.get("/stewardship", params={"id": unknown})
        assert assert_stewardship_error(response, 404) == "Stewardship not found"
    response = api.http.post("/stewardship/stewardship_999/status", json={"status": "active"})
    assert assert_stewardship_error(response, 404) == "Stewardship not found"


def test_a_list_has_full_objects_newest_first_in_pages(api: Api) -> None:
    domain = unique("domain")
    for number in range(3):
        api.post("/stewardship", small_body(domain=domain, metadata={"number": number}))

    page = api.http.get("/stewardship", params={"domain": domain, "size": 2})

    listed = page.json()
    assert listed["total"] == 3
    assert [each["domain"] for each in listed["stewardships"]] == [domain] * 2
    ids = [int(each["id"].removeprefix("stewardship_")) for each in listed["stewardships"]]
    assert ids == sorted(ids, reverse=True)
    assert all(len(each["stewards"]) == 1 for each in listed["stewardships"])
    assert page.headers["x-total-count"] == "3"
    assert 'rel="next"' in page.headers["link"]


def test_without_parameters_the_newest_thousand_are_listed(api: Api) -> None:
    created = create(api)

    response = api.http.get("/stewardship")

    listed = response.json()
    assert listed["stewardships"][0] == api.get("/stewardship", id=created["id"])
    assert listed["total"] == len(listed["stewardships"])
    assert response.headers["x-page-size"] == "1000"


def test_a_list_is_filtered(api: Api) -> None:
    domain, user = unique("domain"), unique("user")
    wanted = small_body(
        domain=domain, type="data_lineage", stewards=[{"user_id": user, "role": "owner"}]
    )
    kept = api.post("/stewardship", wanted)["id"]
    api.post("/stewardship", small_body(domain=domain))
    api.post(f"/stewardship/{kept}/status", {"status": "suspended"})

    for query in (
        {"steward": user},
        {"domain": domain, "type": "data_lineage"},
        {"domain": domain, "status": "suspended"},
    ):
        found = api.get("/stewardship", **query)
        assert [each["id"] for each in found["stewardships"]] == [kept]
    assert_stewardship_error(api.http.get("/stewardship", params={"type": "foo"}), 400, "type")
    assert_stewardship_error(api.http.get("/stewardship", params={"size": 1001}), 400, "size")


def test_metadata_lists_every_enumeration_of_the_seed(api: Api) -> None:
    listed = api.get("/stewardship/metadata")

    assert listed["stewardship_types"] == [
        "data_quality",
        "data_governance",
        "data_privacy",
        "data_security",
        "data_compliance",
        "data_lineage",
    ]
    assert listed["steward_roles"] == [
        "owner", "custodian", "curator", "trustee", "guardian", "overseer",
    ]  # fmt: skip
    for name in ("stewardship_statuses", "domain_types", "workflow_statuses"):
        assert len(listed[name]) == 5


def test_debug_is_for_admins_who_ask_for_it(api: Api, user_api: Api) -> None:
    asking = {"X-Debug": "true"}
    created = api.http.post("/stewardship", json=small_body(), headers=asking)

    debug = created.json()["debug"]
    assert debug.keys() == {"request_id", "duration_ms", "event_position", "projection_lag"}
    assert debug["request_id"] == created.headers["x-request-id"]
    assert debug["event_position"] == int(created.headers["x-event-position"])
    listed = api.http.get("/stewardship", params={"id": created.json()["id"]}, headers=asking)
    assert listed.json()["debug"]["event_position"] >= debug["event_position"]
    assert "debug" in api.http.get("/stewardship?id=", headers=asking).json()
    assert "debug" not in api.http.get("/stewardship", params={"size": 1}).json()
    assert "debug" not in user_api.http.get("/stewardship?size=1", headers=asking).json()


def test_every_error_is_in_the_shape_of_the_seed(api: Api, stranger: Api) -> None:
    assert_stewardship_error(stranger.http.get("/stewardship"), 401, "Not authenticated")
    assert_stewardship_error(stranger.http.post("/stewardship/jobs", json={}), 401)
    assert_stewardship_error(api.http.put("/stewardship", json={}), 405)
    assert_stewardship_error(api.http.get("/stewardship/stewardship_1"), 404)
    large = api.http.post("/stewardship", json=small_body(metadata={"a": "x" * (1 << 20)}))
    assert_stewardship_error(large, 413, "1024 KB")
    form = api.http.post("/stewardship", data={"type": "data_quality"})
    assert_stewardship_error(form, 415, "application/json")
    deep: Json = {}
    for _ in range(40):
        deep = {"a": deep}
    nested = api.http.post("/stewardship", json=small_body(metadata=deep))
    assert_stewardship_error(nested, 400, "metadata.a.a is nested deeper than 32 levels")


def test_what_nobody_foresaw_is_an_internal_server_error_and_no_more() -> None:
    problem = Problem(
        status=500,
        kind="internal_error",
        message="An internal error occurred",
        at=datetime.now(UTC),
        request_id="none",
    )

    status, body = SKINS[Family.STEWARDSHIP](problem)

    assert (status, body) == (500, StewardshipError("Internal server error"))


def _assert_within(sent: Any, kept: Any) -> None:
    """Check that what was sent is there; times may be written otherwise."""
    if isinstance(sent, dict):
        for name, value in sent.items():
            _assert_within(value, kept[name])
    elif isinstance(sent, list):
        for given, there in zip(sent, kept, strict=True):
            _assert_within(given, there)
    else:
        assert sent == kept
