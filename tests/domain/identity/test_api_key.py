from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import InvalidFieldError, RuleViolatedError
from domain.events import DomainEvent
from domain.identity.api_key import ApiKey
from domain.identity.events import (
    ApiKeyCreated,
    ApiKeyRevoked,
    ApiKeySwitchedOff,
    ApiKeySwitchedOn,
)
from domain.identity.full_key import digest_of
from domain.identity.roles import Role
from domain.personal import Protection, protected_fields

FULL_KEY = "pd_" + "k" * 32
NOW = datetime.now(UTC)


def created(**given: Any) -> ApiKey:
    fields: dict[str, Any] = {
        "name": "Production Application Key",
        "description": None,
        "role": Role.USER,
        "expires_at": None,
    }
    return ApiKey.create(5, FULL_KEY, **fields | given)


def handed_out(**given: Any) -> ApiKey:
    api_key = created(**given)
    api_key.pending()
    return api_key


def then(api_key: ApiKey) -> list[DomainEvent]:
    return list(api_key.pending())


def test_creating_records_digest_and_prefix_and_never_the_key() -> None:
    [event] = then(created(role=Role.ADMIN, description="for the dashboard"))
    assert isinstance(event, ApiKeyCreated)
    assert event.originator_id == "api_key-5"
    assert event.digest == digest_of(FULL_KEY)
    assert event.key_prefix == "pd_kkkkk"
    assert FULL_KEY not in repr(event)
    assert protected_fields(ApiKeyCreated) == {"digest": Protection.SECRET}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 256),
        ("name", "a\x00b"),
        ("description", "x" * 1001),
        ("description", "\x00"),
        ("role", Role.EDITOR),
        ("expires_at", NOW - timedelta(seconds=1)),
    ],
)
def test_a_malformed_field_is_refused_and_named(field: str, value: object) -> None:
    with pytest.raises(InvalidFieldError) as refusal:
        created(**{field: value})
    assert refusal.value.field == field
    assert field in str(refusal.value)


def test_a_key_holds_until_it_expires() -> None:
    expiry = NOW + timedelta(hours=1)
    api_key = handed_out(expires_at=expiry)
    assert api_key.holds_at(expiry - timedelta(microseconds=1))
    assert not api_key.holds_at(expiry)


def test_a_key_without_expiry_holds() -> None:
    assert handed_out().holds_at(NOW + timedelta(days=36500))


def test_a_revoked_key_never_holds_again() -> None:
    api_key = handed_out()
    api_key.revoke()
    assert [type(event) for event in then(api_key)] == [ApiKeyRevoked]
    assert not api_key.holds_at(NOW)
    with pytest.raises(RuleViolatedError):
        api_key.toggle()


def test_revoking_twice_records_once() -> None:
    api_key = handed_out()
    api_key.revoke()
    api_key.revoke()
    assert len(then(api_key)) == 1


def test_toggling_switches_off_and_on_again() -> None:
    api_key = handed_out()
    api_key.toggle()
    assert not api_key.holds_at(NOW)
    api_key.toggle()
    assert api_key.holds_at(NOW)
    assert [type(event) for event in then(api_key)] == [ApiKeySwitchedOff, ApiKeySwitchedOn]


def test_a_key_that_is_off_can_be_revoked() -> None:
    api_key = handed_out()
    api_key.toggle()
    api_key.revoke()
    assert not api_key.holds_at(NOW)
