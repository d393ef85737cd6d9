"""The master keys, and the data keys that they wrap."""

from collections.abc import Sequence

import msgspec


class Rotation(msgspec.Struct, frozen=True):
    """How far a rotation has come: data keys wrapped anew under the named master key."""

    rewrapped: int
    master_key_id: str


class MasterKeyUse(msgspec.Struct, frozen=True, kw_only=True):
    """A master key, by its id, with how many data keys it wraps."""

    master_key_id: str
    is_current: bool
    at_hand: bool
    data_keys: int


class KeyInventory(msgspec.Struct, frozen=True, kw_only=True):
    """The master keys in use, the current one first, and how many subjects' keys are destroyed."""

    master_keys: Sequence[MasterKeyUse]
    erased_subjects: int
