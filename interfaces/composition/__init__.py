"""The composition root: the one place where ports meet what implements them."""

from interfaces.composition.catalogue import FOLLOWERS, OUTWARD, PROJECTIONS
from interfaces.composition.diagnosing import diagnose
from interfaces.composition.ingesting import compose_ingesting
from interfaces.composition.maintaining import (
    build_projections,
    key_inventory,
    let_first_admin_in,
    list_backups,
    rebuild_projections,
    restore_backup,
    rotate_master_key,
    write_backup,
)
from interfaces.composition.opening import (
    START_ERRORS,
    join_database,
    keyring,
    open_database,
)
from interfaces.composition.serving import PARTS, Part, compose

__all__ = [
    "FOLLOWERS",
    "OUTWARD",
    "PARTS",
    "PROJECTIONS",
    "START_ERRORS",
    "Part",
    "build_projections",
    "compose",
    "compose_ingesting",
    "diagnose",
    "join_database",
    "key_inventory",
    "keyring",
    "let_first_admin_in",
    "list_backups",
    "open_database",
    "rebuild_projections",
    "restore_backup",
    "rotate_master_key",
    "write_backup",
]
