"""The terminal: ``annals``."""

import sys

import psycopg
import psycopg_pool
import typer

from application.backups import BackupError
from application.errors import (
    ConflictError,
    NotFoundError,
    ReadModelBehindError,
    SubjectErasedError,
)
from domain.errors import RuleViolatedError
from interfaces.cli import (
    api_keys,
    audit,
    backups,
    demo,
    doctor,
    erasures,
    events,
    ingest,
    keys,
    projections,
    serve,
    users,
    webhooks,
)
from interfaces.cli.files import OUT_OF_SPACE
from interfaces.cli.output import complain, drop_output
from interfaces.composition import START_ERRORS

app = typer.Typer(
    name="annals",
    help="Records that must be both kept and forgotten.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.command("demo")(demo.demo)
app.command("ingest")(ingest.ingest)
app.command("backup")(backups.backup)
app.command("restore")(backups.restore)
app.command("doctor")(doctor.doctor)
app.add_typer(audit.app, name="audit")
app.add_typer(projections.app, name="projections")
app.add_typer(events.app, name="events")
app.add_typer(users.app, name="users")
app.add_typer(api_keys.app, name="api-keys")
app.add_typer(keys.app, name="keys")
app.add_typer(erasures.app, name="erasures")
app.add_typer(webhooks.app, name="webhooks")

FORESEEN = (
    *START_ERRORS,
    BackupError,
    ConflictError,
    NotFoundError,
    ReadModelBehindError,
    RuleViolatedError,
    SubjectErasedError,
)


def main() -> None:
    """Run a command. Exits 0 when it did what it says, 1 when it could not, 2 on wrong usage."""
    try:
        _run()
    except FORESEEN as error:
        complain(str(error))
    except (psycopg.OperationalError, psycopg_pool.PoolTimeout) as error:
        complain(f"The database cannot be reached: {' '.join(str(error).split())}")
    except OSError as error:
        if error.errno not in OUT_OF_SPACE:
            raise
        complain(f"Nothing can be written: {error.strerror}")
        drop_output()
    sys.exit(1)


def _run() -> None:
    _check_arguments()
    try:
        app()
    finally:
        sys.stdout.flush()  # what cannot be written is no success


def _check_arguments() -> None:
    """Refuse what no text can be; Python lets any bytes in."""
    for argument in sys.argv[1:]:
        try:
            argument.encode()
        except UnicodeEncodeError:
            complain("An argument is not valid UTF-8")
            sys.exit(2)


if __name__ == "__main__":
    main()
