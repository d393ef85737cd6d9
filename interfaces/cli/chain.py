"""``annals audit verify``, ``seal`` and ``public-key``: that nobody rewrites what was recorded."""

import base64
import binascii
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from application.seals import LARGEST_SEAL_BYTES, Seal, make_seal, read_seal
from application.verification import Verification
from interfaces.cli.files import OutputFile, written
from interfaces.cli.output import AsJson, complain, console, print_json
from interfaces.cli.progress import progress_bar
from interfaces.cli.running import with_services
from interfaces.services import Services

PUBLIC_KEY_BYTES = 32

SealFile = Annotated[
    Path | None,
    typer.Option(
        "--seal",
        exists=True,
        dir_okay=False,
        readable=True,
        help="Check as well that nothing changed since this seal was made.",
    ),
]


class PublicKey(msgspec.Struct, frozen=True):
    """The Ed25519 key, in base64, that checks this installation's signatures."""

    public_key: str


def verify(
    seal: SealFile = None,
    public_key: Annotated[
        str | None,
        typer.Option(help="Whose seal it must be, in base64; by default this installation's."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute the hash chain over the whole log.

    With --seal, what was recorded up to the seal must be what it was when the seal was made.

    Exits 1 where the chain does not hold, or the seal is none of ours or of another log.

    Example: annals audit verify --seal /mnt/vault/annals.seal
    """
    _check(public_key, seal)
    content = _content_of(seal) if seal is not None else None

    async def work(services: Services) -> tuple[Verification, Seal | None]:
        read = None
        if content is not None:
            read = read_seal(content, services.signer, public_key=public_key)
        return await _verify(services, read), read

    outcome, read = with_services(work)
    if as_json:
        print_json(outcome)
    elif outcome.valid:
        console.print(f"[green]The chain holds[/]: {outcome.events_verified} events verified")
        if read is not None:
            console.print(
                f"Nothing up to position {read.position} changed since it was sealed "
                f"at {read.sealed_at.isoformat(sep=' ', timespec='seconds')}",
                highlight=False,
                soft_wrap=True,
            )
    elif outcome.first_bad_position is None:
        complain(f"This is not the log that was sealed: {outcome.problem}")
    else:
        complain(f"The chain is broken at position {outcome.first_bad_position}: {outcome.problem}")
    if not outcome.valid:
        raise typer.Exit(1)


def seal(output: OutputFile = None, as_json: AsJson = False) -> None:
    """Sign where the log stands, to be kept where nobody who can change the log can change it.

    Without --output the seal is printed; it is JSON with and without --json.

    Exits 1 if the database cannot be reached.

    Example: annals audit seal --output /mnt/vault/annals.seal
    """

    async def work(services: Services) -> Seal:
        return make_seal(await services.verifier.head(), services.signer)

    made = with_services(work)
    if output is not None:
        with written(output) as file:
            file.write(msgspec.json.encode(made) + b"\n")
    if output is None or as_json:
        print_json(made)
    else:
        console.print(f"Sealed up to position {made.position}", highlight=False)


def public_key(as_json: AsJson = False) -> None:
    """Print the key with which anybody can check this installation's seals and certificates.

    It is an Ed25519 key in base64. Exits 1 if the database cannot be reached.

    Example: annals audit public-key
    """

    async def work(services: Services) -> PublicKey:
        return PublicKey(services.signer.public_key)

    shown = with_services(work)
    if as_json:
        print_json(shown)
    else:
        typer.echo(shown.public_key)


async def _verify(services: Services, seal: Seal | None) -> Verification:
    outcome = Verification(valid=True, events_verified=0, head=0)
    with progress_bar() as bar:
        task = bar.add_task("Verifying", total=None)
        async for outcome in services.verifier.progress(seal.mark if seal is not None else None):
            bar.update(task, completed=outcome.events_verified, total=outcome.head)
    return outcome


def _check(public_key: str | None, seal: Path | None) -> None:
    if public_key is None:
        return
    if seal is None:
        raise typer.BadParameter("says whose --seal it must be", param_hint="--public-key")
    try:
        is_key = len(base64.b64decode(public_key, validate=True)) == PUBLIC_KEY_BYTES
    except (binascii.Error, ValueError):
        is_key = False
    if not is_key:
        raise typer.BadParameter("must be 32 bytes in base64", param_hint="--public-key")


def _content_of(seal: Path) -> bytes:
    """Read no more than shows that it is too much."""
    try:
        with seal.open("rb") as file:
            return file.read(LARGEST_SEAL_BYTES + 1)
    except OSError as error:
        raise typer.BadParameter(
            f"{seal} cannot be read: {error.strerror}", param_hint="--seal"
        ) from None
