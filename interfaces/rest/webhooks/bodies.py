"""What requests about webhooks bring."""

from typing import Annotated

from msgspec import Meta

from domain.webhooks.fields import (
    MOST_PATTERNS,
    PATTERN_LENGTH,
    SECRET_LENGTH,
    URL_LENGTH,
)
from interfaces.rest.bodies import Body

Url = Annotated[str, Meta(min_length=1, max_length=URL_LENGTH)]
Pattern = Annotated[str, Meta(min_length=1, max_length=PATTERN_LENGTH)]
Patterns = Annotated[list[Pattern], Meta(min_length=1, max_length=MOST_PATTERNS)]
SigningSecret = Annotated[str, Meta(min_length=1, max_length=SECRET_LENGTH)]


class RegisterWebhookBody(Body, frozen=True, kw_only=True):
    """A webhook to be registered; without a ``secret`` one is made up, and shown this once.

    ``events`` are names of event types, beginnings like ``run.*``, or ``*`` for all.
    """

    url: Url
    events: Patterns
    secret: SigningSecret | None = None


class ChangeWebhookBody(Body, frozen=True, kw_only=True):
    """The events that the webhook with this URL is told of from now on; these are all of them."""

    url: Url
    events: Patterns


class RotateSecretBody(Body, frozen=True, kw_only=True):
    """A new secret; without one it is made up, and shown this once.

    The older secrets sign too for ``overlap_hours``.
    """

    url: Url
    secret: SigningSecret | None = None
    overlap_hours: Annotated[int, Meta(ge=0, le=168)] = 24


class WebhookUrlBody(Body, frozen=True, kw_only=True):
    """The URL of a webhook."""

    url: Url
