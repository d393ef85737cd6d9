"""Which part of a run's meta is personal: unknown means personal (contract section 7)."""

from collections.abc import Collection
from typing import Any

import msgspec


class SplitMeta(msgspec.Struct, frozen=True):
    """Meta in two parts: fields on the safe list, and all others."""

    safe: dict[str, Any]
    personal: dict[str, Any]

    @property
    def whole(self) -> dict[str, Any]:
        """Both parts as one object."""
        return self.safe | self.personal


def split_meta(meta: dict[str, Any], safe_fields: Collection[str]) -> SplitMeta:
    """Part meta by the safe list of its process."""
    return SplitMeta(
        safe={name: value for name, value in meta.items() if name in safe_fields},
        personal={name: value for name, value in meta.items() if name not in safe_fields},
    )
