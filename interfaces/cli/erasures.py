"""``annals erasures``: who was erased, and proof that nothing of them is left."""

import sys
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
import typer
from rich.markup import escape
from rich.table import Column, Table

from application.erasures.certification import (
    LARGEST_CERTIFICATE_BYTES,
    CertificateCheck,
    Certification,
    SignedCertificate,
    certify,
    verify_certificate,
)
from application.erasures.ports import Erasure, ErasureFilter, ErasureScan, FoundErasures
from interfaces.cli.files import OutputFile, written
from interfaces.cli.output import AsJson, complain, console, errors, print_json
from interfaces.cli.running import PROJECTIONS, with_services
from interfaces.moments import parse_moment
from interfaces.services import Services

app = typer.Typer(help="Show who was erased, and certify that nothing of them is left.")

SHORTEST_TEXT = 3
LONGEST_TEXT = 1000
LARGEST_INPUT_BYTES = 1 << 16

Limit = Annotated[int, typer.Option(min=1, max=1000, help="How many to show.")]
PageNumber = Annotated[
    int, typer.Option(min=1, max=10_000_000, help="Which page, of so many each.")
]
OneSubject = Annotated[str | None, typer.Option(help="Only this subject, like run-42.")]
Since = Annotated[str | None, typer.Option(help="Only from this moment on, in ISO 8601.")]


@app.callback(invoke_without_command=True)
def erasures(
    context: typer.Context,
    *,
    subject: OneSubject = None,
    since: Since = None,
    limit: Limit = 50,
    page: PageNumber = 1,
    as_json: AsJson = False,
) -> None:
    """Show who was erased, newest first, and certify that nothing of them is left.

    Exits 1 if the database cannot be reached.

    Example: annals erasures --since 2026-11-01
    """
    if context.invoked_subcommand is None:
        show_list(subject=subject, since=since, limit=limit, page=page, as_json=as_json)
    elif any(_was_given(context, name) for name in context.params):
        context.fail(f"Options must stand behind {context.invoked_subcommand}")


@app.command("list")
def show_list(
    *,
    subject: OneSubject = None,
    since: Since = None,
    limit: Limit = 50,
    page: PageNumber = 1,
    as_json: AsJson = False,
) -> None:
    """List whose personal data was erased, when and on whose word, newest first.

    Exits 1 if the database cannot be reached.

    Example: annals erasures list --subject run-42
    """
    wanted = ErasureFilter(subject=subject, erased_after=_moment(since))

    async def read(services: Services) -> FoundErasures:
        return await services.erasures.newest(wanted, page=page, size=limit)

    found = with_services(read)
    if as_json:
        print_json(found.items)
        return
    console.print(_ledger(found.items))
    console.print(f"{len(found.items)} of {found.total} erasures")


@app.command("certify")
def show_certificate(
    subject: Annotated[str, typer.Argument(help="An erased subject, like run-42.")],
    output: OutputFile = None,
    search: Annotated[
        list[str] | None,
        typer.Option(help="Also search all tables for this text. Can be given again."),
    ] = None,
    search_stdin: Annotated[
        bool,
        typer.Option(
            "--search-stdin",
            help="Read such texts from standard input, one a line, past shell history and ps.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look for what is left of an erased subject, and write a signed certificate if nothing is.

    A text to search for is kept nowhere, neither in the certificate nor in a log. A shell keeps
    what stands behind --search in its history, though; --search-stdin tells it to nobody.

    Exits 1, and certifies nothing, if something is left or the subject was not erased.

    Example: annals erasures certify run-42 --output run-42.json --search-stdin < texts
    """
    texts = [_searchable(text, "--search") for text in search or []]
    if search_stdin:
        texts += _texts_from_input()

    async def scan(services: Services) -> Certification:
        return await certify(
            services.erasures,
            services.erasure_scanner,
            services.signer,
            subject,
            texts=texts,
            annals_version=version("annals"),
        )

    with errors.status("Looking for what is left"):
        certification = with_services(scan, PROJECTIONS)
    if certification.signed is None:
        _refuse(certification, as_json=as_json)
    if output is not None:
        with written(output) as file:
            file.write(_pretty(certification.signed))
    if as_json:
        print_json(certification.signed)
    elif output is None:
        typer.echo(_pretty(certification.signed), nl=False)
    else:
        rows = sum(sum(place.scanned.values()) for place in certification.scan.places)
        console.print(f"Nothing is left of {escape(subject)}: {rows} rows looked at")


@app.command("verify")
def verify(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, readable=True, help="A certificate."),
    ],
    as_json: AsJson = False,
) -> None:
    """Check the signature of a certificate, and that the log still has what it tells of.

    Exits 1 if it is none, was changed or made elsewhere, or the log was changed since.

    Example: annals erasures verify run-42.json
    """
    content = _read(file)

    async def check(services: Services) -> CertificateCheck:
        return await verify_certificate(services.erasures, services.signer, content)

    outcome = with_services(check)
    if as_json:
        print_json(outcome)
    elif outcome.valid:
        console.print(
            f"[green]The certificate holds[/]: {escape(outcome.subject)} was erased "
            f"at position {outcome.position}",
            soft_wrap=True,
        )
    else:
        complain(f"The certificate does not hold: {outcome.problem}")
    if not outcome.valid:
        raise typer.Exit(1)


def _was_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _ledger(items: Sequence[Erasure]) -> Table:
    table = Table(*(Column(name, overflow="fold") for name in ("subject", "erased", "why")))
    for erasure in items:
        erased = (
            erasure.erased_at.isoformat(sep=" ", timespec="seconds"),
            f"{erasure.event_type or 'missing'} at {erasure.position}",
            f"key {erasure.key_fingerprint or 'none'}",
        )
        by = f"by {erasure.actor}" if erasure.actor else None
        table.add_row(
            escape(erasure.subject),
            "\n".join(erased),
            escape("\n".join(line for line in (by, erasure.policy, erasure.reason) if line)),
        )
    return table


def _refuse(certification: Certification, *, as_json: bool) -> NoReturn:
    if as_json:
        print_json(certification)
    else:
        errors.print(_places(certification.scan))
        for leftover in certification.scan.found:
            complain(f"{leftover.where}: {leftover.problem}")
        complain(f"Nothing is certified of {certification.subject}")
    raise typer.Exit(1)


def _pretty(signed: SignedCertificate) -> bytes:
    return msgspec.json.format(msgspec.json.encode(signed)) + b"\n"


def _places(scan: ErasureScan) -> Table:
    table = Table("place", Column("rows scanned", justify="right"), Column("left", justify="right"))
    for place in scan.places:
        table.add_row(place.place, str(sum(place.scanned.values())), str(len(place.found)))
    return table


def _read(file: Path) -> bytes:
    """Read no more than shows that it is too much."""
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST_CERTIFICATE_BYTES + 1)
    except OSError as error:
        raise typer.BadParameter(
            f"{file} cannot be read: {error.strerror}", param_hint="FILE"
        ) from None


def _texts_from_input() -> list[str]:
    """Read the texts of standard input. Raises BadParameter without repeating any."""
    hint = "--search-stdin"
    content = sys.stdin.buffer.read(LARGEST_INPUT_BYTES + 1)
    if len(content) > LARGEST_INPUT_BYTES:
        raise typer.BadParameter(f"is larger than {LARGEST_INPUT_BYTES} bytes", param_hint=hint)
    try:
        lines = content.decode().splitlines()
    except UnicodeDecodeError:
        raise typer.BadParameter("is not valid UTF-8", param_hint=hint) from None
    texts = [_searchable(line, hint) for line in lines if line.strip()]
    if not texts:
        raise typer.BadParameter("has no text", param_hint=hint)
    return texts


def _searchable(text: str, hint: str) -> str:
    """Give a text without the space around it. Raises BadParameter without repeating it."""
    stripped = text.strip()
    if not SHORTEST_TEXT <= len(stripped) <= LONGEST_TEXT:
        raise typer.BadParameter(
            f"must have {SHORTEST_TEXT} to {LONGEST_TEXT} characters", param_hint=hint
        )
    return stripped


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_moment(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from None
