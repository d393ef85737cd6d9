"""Who sees which live messages: users what they may read, admins all (contract section 11)."""

import pytest

from application.identity.principal import Principal
from domain.identity.roles import Role
from interfaces.composition import OUTWARD
from interfaces.websocket.visibility import may_see


def principal(role: Role) -> Principal:
    return Principal(
        kind="user",
        name="ann",
        key_id=None,
        roles=frozenset({role}),
        stream_id="user-ann",
        stream_version=1,
    )


@pytest.mark.parametrize(
    "name",
    [
        "processing_started",
        "processing_progress",
        "processing_completed",
        "processing_failed",
        "processing_cancelled",
        "file_detected",
        "download_completed",
        "run.started",
    ],
)
def test_users_see_what_the_seed_sends_to_its_clients(name: str) -> None:
    assert name in OUTWARD.names
    assert may_see(principal(Role.USER), name)


@pytest.mark.parametrize("name", ["config_changed", "system_error"])
def test_what_is_of_the_installation_itself_is_for_admins(name: str) -> None:
    assert name in OUTWARD.names
    assert not may_see(principal(Role.USER), name)
    assert may_see(principal(Role.ADMIN), name)
