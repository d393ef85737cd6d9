"""The aliases of teams are read by all who are known, and extended by admins (issue 8)."""

import pytest

from tests.interfaces.api import Api, Json, unique
from tests.interfaces.rest.problems import assert_football_error, assert_football_fields

ALIASES = "/api/v1/teams/aliases"


def test_without_credentials_nothing_is_shown_or_changed(stranger: Api) -> None:
    assert_football_error(stranger.http.get(ALIASES), 401)
    assert_football_error(stranger.http.put(ALIASES, json={"aliases": []}), 401)


def test_users_see_them_and_only_admins_change_them(user_api: Api) -> None:
    assert {"alias": "FTC", "name": "Ferencváros", "league": None} in (
        user_api.get(ALIASES)["aliases"]
    )
    assert_football_error(user_api.http.put(ALIASES, json={"aliases": []}), 403, "admin")


def test_an_alias_is_set_and_left_out_again(api: Api) -> None:
    alias: Json = {"alias": unique("alias"), "name": unique("name"), "league": "NB I"}
    before = api.get(ALIASES)

    changed = api.http.put(ALIASES, json={"aliases": [alias]})
    assert changed.status_code == 200
    assert changed.json() == api.get(ALIASES)
    assert changed.headers["ETag"] == api.http.get(ALIASES).headers["ETag"]
    assert alias in changed.json()["aliases"]
    assert changed.json()["total"] == before["total"] + 1
    assert changed.json()["version"] > before["version"]

    gone = {"alias": alias["alias"], "league": "NB I"}
    api.http.put(ALIASES, json={"left_out": [gone]})
    assert api.get(ALIASES)["aliases"] == before["aliases"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"aliases": {}}, "aliases"),
        ({"aliases": [{"alias": "x"}]}, "aliases[0].name"),
        ({"aliases": [{"alias": "x", "name": 7}]}, "aliases[0].name"),
        ({"aliases": [{"alias": "x", "name": "x"}]}, "aliases[0].alias"),
        ({"left_out": [{"alias": "nobody at all"}]}, "left_out[0].alias"),
    ],
)
def test_a_malformed_change_is_named_and_changes_nothing(api: Api, body: Json, field: str) -> None:
    before = api.get(ALIASES)

    assert_football_fields(api.http.put(ALIASES, json=body), field)

    assert api.get(ALIASES) == before
