"""``annals keys``: the master key."""

import typer

from infra.event_store.rotation import Rotation, rotate
from infra.settings import load_settings
from interfaces.cli.output import AsJson, console, errors, print_json
from interfaces.composition import key_file, keyring, open_database

app = typer.Typer(help="Look after the master key.", no_args_is_help=True)


@app.callback()
def keys() -> None:
    """Look after the master key."""


@app.command("rotate")
def rotate_master_key(as_json: AsJson = False) -> None:
    """Wrap every data key anew under a new master key; no event is touched.

    With the key in a file, a new key is made. With ANNALS_MASTER_KEY, set it to the new key and
    ANNALS_MASTER_KEY_PREVIOUS to the old one, and restart the servers the same way.

    Example: annals keys rotate
    """
    settings = load_settings()
    rotation = Rotation(0, "")
    with open_database(settings) as conninfo, errors.status("Wrapping data keys anew") as status:
        for rotation in rotate(conninfo, keyring(settings), key_file(settings)):
            status.update(f"Wrapped {rotation.rewrapped} data keys anew")
    if as_json:
        print_json(rotation)
    else:
        console.print(
            f"{rotation.rewrapped} data keys are wrapped by master key {rotation.master_key_id}"
        )
