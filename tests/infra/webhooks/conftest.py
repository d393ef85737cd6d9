"""Annals composed with a short patience, and a receiver for what it sends."""

from collections.abc import Iterator

import msgspec
import pytest

from infra.settings import Settings
from interfaces.services import Services
from tests.infra.webhooks.receiver import Receiver, receiving
from tests.infra.webhooks.sending import Sending


@pytest.fixture
def timeout_seconds() -> int:
    return 1


@pytest.fixture
def settings(settings: Settings, timeout_seconds: int) -> Settings:
    return msgspec.structs.replace(
        settings,
        webhook_allow_private=True,
        webhook_timeout_seconds=timeout_seconds,
        webhook_retry_seconds=0.05,
        webhook_max_retries=2,
    )


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as served:
        yield served


@pytest.fixture
def sending(services: Services, receiver: Receiver) -> Sending:
    return Sending(services, receiver)
