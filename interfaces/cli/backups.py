"""``annals backup`` and ``annals restore``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Column, Table

from application.backups import Backup, BackupError, BackupProgress
from infra.logs import configure_logs
from infra.settings import load_settings
from interfaces.cli.output import AsJson, console, errors, print_json
from interfaces.composition import list_backups, restore_backup, write_backup

Directory = Annotated[
    Path | None, typer.Argument(help="Where backups are kept. Default: ANNALS_BACKUPS.")
]


def backup(
    directory: Directory = None,
    listed: Annotated[bool, typer.Option("--list", help="List the backups instead.")] = False,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Then delete all but so many of the newest.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Back up the whole database with pg_dump, also while servers run.

    The master key is not in it: keep that elsewhere, for without it nobody can read the personal
    data. Exits 1 if there is no new backup.

    Example: annals backup --keep 14
    """
    if listed and keep is not None:
        raise typer.BadParameter("must not be given together with --list", param_hint="--keep")
    settings = load_settings()
    configure_logs("WARNING")
    directory = directory.expanduser().resolve() if directory is not None else None
    if listed:
        found = list_backups(settings, directory)
        if as_json:
            _print_json(found)
        else:
            console.print(_table(found))
        return
    progress = BackupProgress(written=0)
    with errors.status("Backing up") as status:
        for progress in write_backup(settings, directory, keep=keep):
            status.update(f"Backing up: {decimal(progress.written)}")
    written = progress.backup
    assert written is not None
    if as_json:
        _print_json(written)
        return
    console.print(
        f"Backed up {written.position} events to {escape(str(written.path))} "
        f"({decimal(written.size)}).\n"
        f"Master key {written.master_key_id} is not in it: keep that elsewhere.",
        highlight=False,
        soft_wrap=True,
    )


def restore(
    file: Annotated[Path, typer.Argument(help="A backup: annals-….dump, its manifest beside it.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace all that the database holds.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Replace it without asking.")] = False,
    as_json: AsJson = False,
) -> None:
    """Restore a backup, and erase again whatever was erased since, before anything is served.

    All servers must be stopped. A restore that fails or is killed leaves the database as it was.
    Exits 1 if nothing was restored.

    Example: annals restore backups/annals-20261122T110402.123456Z-000000000123.dump --replace
    """
    settings = load_settings()
    configure_logs("ERROR")

    def may_replace(backup: Backup, events: int) -> None:
        if not replace:
            raise BackupError(
                f"The database holds {events} events: give --replace to put the backup in place "
                "of them"
            )
        question = (
            f"Replace {events} events by the {backup.position} of {backup.taken_at:%Y-%m-%d %H:%M}"
        )
        if not yes:
            typer.confirm(f"{question} UTC?", abort=True, err=True)

    with errors.status("Checking and restoring") as status:

        def ask(backup: Backup, events: int) -> None:
            status.stop()
            may_replace(backup, events)
            status.start()

        restored = restore_backup(settings, file.expanduser().resolve(), may_replace=ask)
    if as_json:
        _print_json(restored)
        return
    console.print(
        f"Restored {restored.backup.position} events of "
        f"{restored.backup.taken_at:%Y-%m-%d %H:%M:%S} UTC.",
        highlight=False,
    )
    if restored.erased_again or restored.fenced:
        console.print(
            f"Erased since and now again: {restored.erased_again} subjects; "
            f"fenced, for they came to be later: {restored.fenced}.",
            highlight=False,
        )


def _print_json(value: Any) -> None:
    print_json(msgspec.to_builtins(value, enc_hook=str))  # paths


def _table(found: Sequence[Backup]) -> Table:
    table = Table(
        "taken at (UTC)",
        Column("position", justify="right"),
        "size",
        Column("file", overflow="fold"),
    )
    for one in found:
        table.add_row(
            f"{one.taken_at:%Y-%m-%d %H:%M:%S}",
            str(one.position),
            decimal(one.size),
            escape(one.path.name),
        )
    return table
