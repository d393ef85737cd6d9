"""How passwords and secrets come to a command: never as arguments, which all processes can read."""

import secrets
import sys
from typing import Annotated

import typer

PASSWORD_BYTES = 18

# Longer than anything that would be taken.
MOST_BYTES = 8192

PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]
Generate = Annotated[
    bool, typer.Option("--generate", help="Make a password up, and show it this once.")
]


def take_password(*, password_stdin: bool, generate: bool) -> str:
    """Take a password from standard input, make one up, or ask for it on the terminal."""
    if password_stdin and generate:
        raise typer.BadParameter(
            "must not be given together with --generate", param_hint="--password-stdin"
        )
    if generate:
        return secrets.token_urlsafe(PASSWORD_BYTES)
    if password_stdin:
        return read_from_stdin("--password-stdin")
    if not sys.stdin.isatty():
        message = "is needed, or --generate: there is no terminal to ask on"
        raise typer.BadParameter(message, param_hint="--password-stdin")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password


def read_from_stdin(option: str) -> str:
    """Read what an option says comes from standard input. Raises BadParameter if it is no text."""
    try:
        text = sys.stdin.buffer.read(MOST_BYTES).decode()
    except UnicodeDecodeError:
        raise typer.BadParameter("is not valid UTF-8", param_hint=option) from None
    return text.removesuffix("\n").removesuffix("\r")
