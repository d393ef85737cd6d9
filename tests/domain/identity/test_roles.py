import pytest

from domain.identity.roles import Role, grants


@pytest.mark.parametrize("required", Role)
def test_admin_includes_every_role(required: Role) -> None:
    assert grants({Role.ADMIN}, required)


@pytest.mark.parametrize("held", [role for role in Role if role is not Role.ADMIN])
def test_any_other_role_includes_only_itself(held: Role) -> None:
    assert [role for role in Role if grants({held}, role)] == [held]


def test_no_role_grants_nothing() -> None:
    assert not any(grants(set(), role) for role in Role)
