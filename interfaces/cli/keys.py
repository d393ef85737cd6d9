"""``annals keys``: the master key."""

import typer

from application.ports import Rotation
from infra.settings import load_settings
from interfaces.cli.output import AsJson, console, errors, print_json
from interfaces.composition import rotate_master_key

app = typer.Typer(help="Look after the master key.", no_args_is_help=True)


@app.callback()
def keys() -> None:
    """Look after the master key."""


@app.command("rotate")
def rotate(as_json: AsJson = False) -> None:
    """Wrap every data key anew under a new master key; no event is touched.

    With the key in a file, a new key is made. With ANNALS_MASTER_KEY, set it to the new key and
    ANNALS_MASTER_KEY_PREVIOUS to the old one, and restart the servers the same way.

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
