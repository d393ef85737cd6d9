"""What ``annals doctor`` finds."""

from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a check saw, and what to do about it where something is to be done."""

    check: str
    verdict: Verdict
    saw: str
    advice: str | None = None
