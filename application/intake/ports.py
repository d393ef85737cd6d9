"""What can be seen of the parts that bring files by themselves."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec


class ComponentState(StrEnum):
    """Whether a part does what it is there for; one that is not configured is stopped."""

    RUNNING = "running"
    STOPPED = "stopped"
    FAILING = "failing"


class IntakeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the watcher and the downloader fare, in whichever process they run."""

    file_watcher: ComponentState
    web_downloader: ComponentState
    last_download: datetime | None


class Intake(Protocol):
    """Knows how the watcher and the downloader fare."""

    async def status(self) -> IntakeStatus:
        """Tell how they fare now."""
        ...
