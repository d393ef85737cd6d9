"""The configuration is read and changed by admins (seed football; contract section 10)."""

from collections.abc import Iterator

import httpx
import pytest

from tests.interfaces.api import Api, Json
from tests.interfaces.rest.problems import assert_football_error, assert_football_fields

CONFIG = "/api/v1/config"
SECRET = "Bearer a-token-nobody-may-see"


@pytest.fixture(autouse=True)
def first_values_afterwards(api: Api) -> Iterator[None]:
    """Leave to other tests what they found."""
    before = api.get(CONFIG)
    yield
    for section, values in api.get(CONFIG).items():
        changed = [name for name in values if values[name] != before[section][name]]
        if changed:
            assert put(api, section, **dict.fromkeys(changed)).status_code == 200
    assert api.get(CONFIG) == before


def put(api: Api, section: str, /, **values: object) -> httpx.Response:
    return api.http.put(CONFIG, json={"config_section": section, "config_data": values})


def test_without_credentials_nothing_is_shown_or_changed(stranger: Api) -> None:
    assert_football_error(stranger.http.get(CONFIG), 401)
    assert_football_error(put(stranger, "processing", timeout=600), 401)
    assert_football_error(stranger.http.post(f"{CONFIG}/reload"), 401)


def test_only_admins_may_see_and_change_it(user_api: Api) -> None:
    assert_football_error(user_api.http.get(CONFIG), 403, "admin")
    assert_football_error(put(user_api, "processing", timeout=600), 403, "admin")
    assert_football_error(user_api.http.post(f"{CONFIG}/reload"), 403, "admin")


def test_it_has_every_setting_of_the_seed(api: Api) -> None:
    shown = api.get(CONFIG)

    downloader = {"url", "check_interval", "download_path", "max_retries"}
    assert downloader <= shown["web_downloader"].keys()
    assert {"watch_path", "file_patterns", "debounce_time"} <= shown["file_watcher"].keys()
    assert (
        shown["processing"] | {"max_concurrent": 2, "retry_attempts": 3, "timeout": 300}
        == (shown["processing"])
    )


def test_a_section_is_set_as_the_seed_shows_it(api: Api) -> None:
    response = put(api, "processing", max_concurrent=4, timeout=600)

    assert response.status_code == 200
    body = response.json()
    assert body | {"timestamp": "then"} == {
        "message": "Configuration updated successfully",
        "updated_section": "processing",
        "timestamp": "then",
    }
    assert body["timestamp"].endswith("Z")
    processing = api.get(CONFIG)["processing"]
    assert (processing["max_concurrent"], processing["timeout"]) == (4, 600)
    assert processing["retry_attempts"] == 3


def test_reloading_is_answered_as_the_seed_shows_it(api: Api) -> None:
    body = api.post(f"{CONFIG}/reload", {})

    assert body.keys() == {"message", "timestamp"}
    assert body["message"] == "Configuration reloaded successfully"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"config_section": "database", "config_data": {"url": "x"}}, "config_section"),
        ({"config_section": 7, "config_data": {}}, "config_section"),
        ({"config_data": {"timeout": 600}}, "config_section"),
        ({"config_section": "processing"}, "config_data"),
        ({"config_section": "processing", "config_data": []}, "config_data"),
        ({"config_section": "processing", "config_data": {}}, "config_data"),
        (
            {"config_section": "processing", "config_data": {"timeout": 600, "max_concurrent": 0}},
            "config_data.max_concurrent",
        ),
        (
            {"config_section": "processing", "config_data": {"timeout": 600, "workers": 4}},
            "config_data.workers",
        ),
        (
            {"config_section": "file_watcher", "config_data": {"watch_path": "../.."}},
            "config_data.watch_path",
        ),
        *(
            ({"config_section": section, "config_data": {name: path}}, f"config_data.{name}")
            for section, name, path in (
                ("file_watcher", "watch_path", "documents/kept"),
                ("file_watcher", "processed_path", "./backups/"),
                ("web_downloader", "download_path", "postgres"),
            )
        ),
        (
            {"config_section": "web_downloader", "config_data": {"url": "ftp://example.org/x"}},
            "config_data.url",
        ),
        (
            {
                "config_section": "web_downloader",
                "config_data": {"url": "http://u:p@93.184.215.14"},
            },
            "config_data.url",
        ),
    ],
)
def test_a_bad_section_or_value_is_named_and_changes_nothing(
    api: Api, body: Json, field: str
) -> None:
    before = api.get(CONFIG)

    assert_football_fields(api.http.put(CONFIG, json=body), field)

    assert api.get(CONFIG) == before


def test_the_values_of_headers_are_never_shown(api: Api) -> None:
    put(api, "web_downloader", headers={"Authorization": SECRET})

    assert api.get(CONFIG)["web_downloader"]["headers"] == {"Authorization": "[HIDDEN]"}
    for path in (
        "/api/v1/audit/streams/configuration",
        "/api/v1/audit/streams/configuration/state",
        "/api/v1/events/?stream=configuration",
    ):
        shown = api.http.get(path)
        assert shown.status_code == 200
        assert SECRET not in shown.text


def test_who_sends_back_what_is_shown_changes_nothing(api: Api) -> None:
    put(api, "web_downloader", headers={"Authorization": SECRET}, check_interval=600)
    events = len(api.events("configuration"))

    shown = api.get(CONFIG)["web_downloader"]
    assert put(api, "web_downloader", **shown).status_code == 200
    changed = api.events("configuration")[events:]

    assert api.get(CONFIG)["web_downloader"] == shown
    assert all(event["data"]["headers"] is None for event in changed)
