"""Webhooks are registered, listed, changed and unregistered by admins (seed football)."""

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.interfaces.api import OUTSIDE, Api, Json, answered, unique, unique_url
from tests.interfaces.rest.problems import assert_football_error, assert_football_fields
from tests.serving import Served

WEBHOOKS = "/api/v1/webhooks"
SECRET = "optional_secret_for_verification"

# Each as it is sent, with the function that sends it.
PROTECTED = [
    ("POST", WEBHOOKS),
    ("GET", WEBHOOKS),
    ("PATCH", WEBHOOKS),
    ("DELETE", f"{WEBHOOKS}?url=https://example.org"),
    ("POST", f"{WEBHOOKS}/rotate-secret"),
    ("POST", f"{WEBHOOKS}/enable"),
    ("POST", f"{WEBHOOKS}/disable"),
    ("GET", f"{WEBHOOKS}/event-types"),
]

protected = pytest.mark.parametrize(("method", "path"), PROTECTED)


def post(api: Api, path: str = "", /, **body: object) -> httpx.Response:
    return api.http.post(WEBHOOKS + path, json=body)


def listed(api: Api, url: str) -> Json | None:
    """Give a webhook as the list shows it."""
    found = api.get(WEBHOOKS)
    assert found.keys() == {"webhooks", "total"}
    assert found["total"] == len(found["webhooks"])
    return next((webhook for webhook in found["webhooks"] if webhook["url"] == url), None)


@protected
def test_without_credentials_nothing_is_shown_or_done(
    stranger: Api, method: str, path: str
) -> None:
    assert_football_error(stranger.http.request(method, path), 401)


@protected
def test_only_admins_may_see_and_change_webhooks(user_api: Api, method: str, path: str) -> None:
    assert_football_error(user_api.http.request(method, path), 403, "admin")


def test_a_webhook_is_registered_as_the_seed_shows_it(api: Api) -> None:
    url = unique_url()

    response = post(api, url=url, events=["processing_completed", "system_error"], secret=SECRET)

    registered = answered(response, 201)
    assert registered == {
        "message": "Webhook registered successfully",
        "id": registered["id"],
        "url": url,
        "events": ["processing_completed", "system_error"],
        "is_active": True,
    }
    shown = listed(api, url)
    assert shown is not None
    assert datetime.fromisoformat(shown.pop("created_at")) <= datetime.now(UTC)
    assert shown.pop("updated_at").endswith("Z")
    assert shown == {
        "id": registered["id"],
        "url": url,
        "events": ["processing_completed", "system_error"],
        "is_active": True,
        "disabled_because": None,
        "failing_since": None,
    }


def test_a_secret_that_is_made_up_is_shown_once_and_is_a_standard_one(api: Api) -> None:
    first, second = api.register_webhook(), api.register_webhook(secret=None)

    for secret in (first["secret"], second["secret"]):
        assert secret.startswith("whsec_")
        assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    assert first["secret"] != second["secret"]
    assert "secret" not in (listed(api, first["url"]) or {})


def test_no_secret_is_shown_by_audit_list_or_log(api: Api, served: Served) -> None:
    made_up, given = api.register_webhook(), api.register_webhook(secret=unique("given-secret"))
    rotated = api.post(f"{WEBHOOKS}/rotate-secret", {"url": given["url"]})
    secrets = (made_up["secret"], "given-secret-", rotated["secret"])

    for webhook in (made_up, given):
        stream = f"webhook-{webhook['id']}"
        shown = (
            api.http.get(f"/api/v1/audit/streams/{stream}").text
            + api.http.get(f"/api/v1/audit/streams/{stream}/state").text
            + api.http.get(WEBHOOKS).text
        )
        assert not [secret for secret in secrets if secret in shown]
    log = served.log.read_text()
    assert not [text for text in (*secrets, given["url"]) if text in log]


@pytest.mark.parametrize(
    "variant",
    [
        "https://{host}/{path}",
        "HTTPS://{host}/{path}",
        "https://{host}:443/{path}",
    ],
)
def test_a_url_is_registered_once_however_it_is_written(api: Api, variant: str) -> None:
    url = api.register_webhook()["url"]
    path = url.rpartition("/")[2]
    again = variant.format(host=OUTSIDE, path=path)

    assert_football_error(
        post(api, url=again, events=["*"]), 409, "A webhook is registered for this URL already"
    )


def test_of_many_who_register_a_url_at_once_one_does(api: Api) -> None:
    url = unique_url()

    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(lambda _: post(api, url=url, events=["system_error"]), range(8)))

    assert sorted(response.status_code for response in responses) == [201, *[409] * 7]
    assert len([w for w in api.get(WEBHOOKS)["webhooks"] if w["url"] == url]) == 1


def test_a_webhook_is_unregistered_by_its_url_and_may_come_back_as_another(api: Api) -> None:
    first = api.register_webhook()
    url = first["url"]

    gone = api.http.delete(WEBHOOKS, params={"url": url})

    assert answered(gone, 200) == {"message": "Webhook unregistered successfully"}
    assert listed(api, url) is None
    assert_football_error(api.http.delete(WEBHOOKS, params={"url": url}), 404)
    assert_football_error(post(api, "/enable", url=url), 404)
    assert api.register_webhook(url=url)["id"] > first["id"]
    assert listed(api, url) is not None


def test_a_webhook_is_told_of_other_events_once_it_was_changed(api: Api) -> None:
    url = api.register_webhook()["url"]

    changed = api.patch(WEBHOOKS, {"url": url, "events": ["process.deleted", "process.restored"]})

    assert changed["events"] == ["process.deleted", "process.restored"]
    assert (listed(api, url) or {})["events"] == ["process.deleted", "process.restored"]


def test_a_webhook_is_disabled_and_enabled_again(api: Api) -> None:
    url = api.register_webhook()["url"]

    assert answered(post(api, "/disable", url=url), 200)["is_active"] is False
    shown = listed(api, url) or {}
    assert (shown["is_active"], shown["disabled_because"]) == (False, "asked_for")

    assert answered(post(api, "/enable", url=url), 200)["is_active"] is True
    shown = listed(api, url) or {}
    assert (shown["is_active"], shown["disabled_because"]) == (True, None)


def test_a_rotation_shows_a_secret_that_is_made_up_and_none_that_is_given(api: Api) -> None:
    url = api.register_webhook()["url"]

    made_up = answered(post(api, "/rotate-secret", url=url), 200)
    given = answered(post(api, "/rotate-secret", url=url, secret=SECRET, overlap_hours=0), 200)

    assert made_up["secret"].startswith("whsec_")
    assert "secret" not in given


def test_older_secrets_sign_until_the_overlap_has_passed(api: Api) -> None:
    webhook = api.register_webhook()
    before = datetime.now(UTC)

    answered(post(api, "/rotate-secret", url=webhook["url"], overlap_hours=3), 200)

    [_, rotated] = api.events(f"webhook-{webhook['id']}")
    until = datetime.fromisoformat(rotated["data"]["overlap_until"])
    assert timedelta(hours=3) <= until - before < timedelta(hours=3, minutes=1)


@pytest.mark.parametrize("path", ["/rotate-secret", "/enable", "/disable"])
def test_a_url_without_a_webhook_is_not_found(api: Api, path: str) -> None:
    assert_football_error(
        post(api, path, url=unique_url()), 404, "No webhook is registered for this URL"
    )


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org/hook",
        "/hook",
        "ftp://example.org/hook",
        "file:///etc/passwd",
        "https://",
        "https:///hook",
        "https://ann:secret@example.org/hook",
        "https://example.org/hook#part",
        "https://example.org:0/hook",
        "https://example.org:65536/hook",
        "https://example.org:port/hook",
        "https://exa mple.org/hook",
        "https://example.org/\nhook",
        "https://example.org\\@127.0.0.1/",
        "https://[::1/hook",
        "https://example.org/" + "x" * 2000,
        # Somebody's own network, however it is written.
        "http://127.0.0.1/hook",
        "http://localhost/hook",
        "http://2130706433/hook",
        "http://0x7f.1/hook",
        "http://[::1]/hook",
        "http://[::ffff:10.0.0.1]/hook",
        "http://10.1.2.3:8080/hook",
        "http://169.254.169.254/latest/meta-data",
        "http://224.0.0.1/hook",
        "http://0.0.0.0/hook",
    ],
)
def test_a_url_that_nothing_may_be_sent_to_is_refused_by_name(api: Api, url: str) -> None:
    assert_football_fields(post(api, url=url, events=["*"]), "url")


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("url", {"url": None}),
        ("url", {"url": 7}),
        ("events", {"events": []}),
        ("events", {"events": None}),
        ("events", {"events": "run.started"}),
        ("events[0]", {"events": [7]}),
        ("events", {"events": ["run.begun"]}),
        ("events", {"events": ["run*"]}),
        ("events", {"events": ["*", "*"]}),
        ("events", {"events": ["*"] * 101}),
        ("secret", {"secret": ""}),
        ("secret", {"secret": "x" * 256}),
        ("secret", {"secret": "line\nbreak"}),
        ("secret", {"secret": "whsec_not base64"}),
        ("secret", {"secret": "whsec_QUJD"}),
    ],
)
def test_a_malformed_field_is_refused_by_name(
    api: Api, field: str, change: dict[str, object]
) -> None:
    body = {"url": unique_url(), "events": ["run.*"]} | change
    assert_football_fields(post(api, "", **body), field)


@pytest.mark.parametrize("hours", [-1, 169, 1.5, "24", None])
def test_an_overlap_is_a_whole_number_of_hours_up_to_a_week(api: Api, hours: object) -> None:
    url = api.register_webhook()["url"]
    assert_football_fields(
        post(api, "/rotate-secret", url=url, overlap_hours=hours), "overlap_hours"
    )


def test_without_a_url_nothing_is_unregistered(api: Api) -> None:
    assert_football_fields(api.http.delete(WEBHOOKS), "url")


def test_every_event_type_is_there_with_a_description_and_an_example(api: Api) -> None:
    found = api.get(f"{WEBHOOKS}/event-types")

    types = {kind["name"]: kind for kind in found["event_types"]}
    assert found["total"] == len(types) == len(found["event_types"])
    assert {"run.started", "run.neutralized", "system_error", "config_changed"} <= types.keys()
    for kind in types.values():
        assert kind["description"]
        assert kind["example"]


def test_the_openapi_document_describes_every_event_type_as_a_webhook(api: Api) -> None:
    document = api.get("/openapi.json")
    names = {kind["name"] for kind in api.get(f"{WEBHOOKS}/event-types")["event_types"]}

    assert document["webhooks"].keys() == names
    for name, item in document["webhooks"].items():
        content = item["post"]["requestBody"]["content"]["application/json"]
        assert content["example"]["event"] == name
        assert set(content["schema"]["required"]) == content["example"].keys()
