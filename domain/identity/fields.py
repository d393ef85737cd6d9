"""What the fields of users and API keys must look like (contract sections 1 and 3).

Every check raises InvalidFieldError, which names the field and never repeats a password.
"""

import re
from collections.abc import Collection
from datetime import UTC, datetime

from domain.errors import InvalidFieldError
from domain.identity.roles import Role

NAME_LENGTH = 255
COMMENT_LENGTH = 1000
EMAIL_LENGTH = 254
PASSWORD_LENGTH = (8, 1024)
KEY_ROLES = (Role.ADMIN, Role.USER)

_USERNAME = re.compile(rf"[A-Za-z0-9._@-]{{1,{NAME_LENGTH}}}")
_EMAIL = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")


def is_username(text: str) -> bool:
    """Tell whether a user could be called so, and a stream be named after them."""
    return _USERNAME.fullmatch(text) is not None


def check_username(username: str) -> None:
    """Check that a username is 1 to 255 letters, digits or ``. _ @ -``."""
    if not is_username(username):
        message = f"must be 1 to {NAME_LENGTH} letters, digits or any of . _ @ -"
        raise InvalidFieldError("username", message)


def check_email(email: str) -> None:
    """Check that an e-mail address has the shape ``local@domain.tld``."""
    too_long = len(email) > EMAIL_LENGTH
    if too_long or not email.isprintable() or _EMAIL.fullmatch(email) is None:
        raise InvalidFieldError("email", "must be an e-mail address")


def check_password(password: str) -> None:
    """Check that a password is 8 to 1024 characters long."""
    shortest, longest = PASSWORD_LENGTH
    if not shortest <= len(password) <= longest:
        raise InvalidFieldError("password", f"must be {shortest} to {longest} characters long")


def check_roles(roles: Collection[Role]) -> None:
    """Check that there is at least one role."""
    if not roles:
        raise InvalidFieldError("roles", "must name at least one role")


def check_key_name(name: str) -> None:
    """Check that the name of an API key is 1 to 255 visible characters."""
    if not name.strip() or len(name) > NAME_LENGTH or not name.isprintable():
        raise InvalidFieldError("name", f"must be 1 to {NAME_LENGTH} visible characters")


def check_description(description: str) -> None:
    """Check that a description is at most 1000 characters, none of them NUL."""
    if len(description) > COMMENT_LENGTH or "\x00" in description:
        raise InvalidFieldError("description", f"must be at most {COMMENT_LENGTH} characters")


def check_key_role(role: Role) -> None:
    """Check that the role is one that API keys may have: ``admin`` or ``user``."""
    if role not in KEY_ROLES:
        raise InvalidFieldError("role", f"must be one of {', '.join(KEY_ROLES)}")


def check_expiry(expires_at: datetime) -> None:
    """Check that an expiry, with its offset, is in the future."""
    if expires_at <= datetime.now(UTC):
        raise InvalidFieldError("expires_at", "must be in the future")
