"""The terminal: ``annals``."""

import sys

import psycopg
import typer

from application.erasures.certification import NoCertificateError
from application.errors import NotFoundError
from domain.errors import RuleViolatedError
from interfaces.cli import audit, demo, erasures, keys, projections, serve
from interfaces.cli.output import complain
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
app.add_typer(audit.app, name="audit")
app.add_typer(projections.app, name="projections")
app.add_typer(keys.app, name="keys")
app.add_typer(erasures.app, name="erasures")

FORESEEN = (*START_ERRORS, NotFoundError, NoCertificateError, RuleViolatedError)


def main() -> None:
    """Run a command. Exits 0 when it did what it says, 1 when it could not, 2 on wrong usage."""
    try:
        app()
    except FORESEEN as error:
        complain(str(error))
    except psycopg.OperationalError as error:
        complain(f"The database cannot be reached: {str(error).strip()}")
    sys.exit(1)
