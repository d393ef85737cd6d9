"""``annals keys``: the master key, and the data keys under it."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from application.errors import NotFoundError
from application.master_keys import MasterKeyUse, Rotation
from infra.settings import load_settings
from interfaces.cli.output import AsJson, console, errors, print_json
from interfaces.composition import key_inventory, rotate_master_key

app = typer.Typer(help="Look after the master key.", no_args_is_help=True)


@app.command("rotate")
def rotate(as_json: AsJson = False) -> None:
    """Wrap every data key anew under a new master key; no event is touched.

    With the key in a file, a new key is made. With ANNALS_MASTER_KEY, set it to the new key and
    ANNALS_MASTER_KEY_PREVIOUS to the old one, and restart the servers the same way. Exits 1 if a
    master key that is in use is not at hand.

    Example: annals keys rotate
    """
    rotation = Rotation(0, "")
    with errors.status("Wrapping data keys anew") as status:
        for rotation in rotate_master_key(load_settings()):
            status.update(f"Wrapped {rotation.rewrapped} data keys anew")
    if as_json:
        print_json(rotation)
    else:
        console.print(
            f"{rotation.rewrapped} data keys are wrapped by master key {rotation.master_key_id}"
        )


@app.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the master keys in use, and how many data keys each of them wraps; no key is shown.

    Exits 1 if a master key that is in use is not at hand.

    Example: annals keys list
    """
    inventory = key_inventory(load_settings())
    if as_json:
        print_json(inventory)
        return
    console.print(_table(inventory.master_keys))
    console.print(f"The data keys of {inventory.erased_subjects} subjects are destroyed.")


@app.command("show")
def show(
    key_id: Annotated[
        str | None, typer.Argument(help="The id of a master key. Default: the current one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a master key's id and how many data keys it wraps; never the key.

    Exits 1 if no data key is wrapped by it and it is not the current one.

    Example: annals keys show
    """
    uses = key_inventory(load_settings()).master_keys
    wanted = key_id or uses[0].master_key_id
    found = [use for use in uses if use.master_key_id == wanted]
    if not found:
        raise NotFoundError(f"Master key {wanted} is not in use")
    if as_json:
        print_json(found[0])
    else:
        console.print(_table(found))


def _table(uses: Sequence[MasterKeyUse]) -> Table:
    table = Table("master key", "current", "at hand", "data keys")
    for use in uses:
        table.add_row(
            use.master_key_id,
            "yes" if use.is_current else "no",
            "yes" if use.at_hand else "no",
            str(use.data_keys),
        )
    return table
