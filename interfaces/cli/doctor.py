"""``annals doctor``."""

import typer
from rich.markup import escape

from application.diagnosis import Finding, Verdict
from infra.logs import configure_logs
from interfaces.cli.output import AsJson, console, errors, print_json
from interfaces.composition import diagnose

MARKS = {
    Verdict.OK: "[green]ok[/]     ",
    Verdict.WARNING: "[yellow]warning[/]",
    Verdict.PROBLEM: "[bold red]problem[/]",
}


def doctor(as_json: AsJson = False) -> None:
    """Check configuration, secrets, disks, Redis, backups and the database; change nothing.

    Says what each check saw and what to do about it. Exits 1 if there is a problem; warnings alone
    exit 0.

    Example: annals doctor
    """
    configure_logs("ERROR")
    findings: list[Finding] = []
    with errors.status("Examining") as status:
        for finding in diagnose():
            status.update(f"Examined {finding.check}")
            findings.append(finding)
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            _show(finding)
    if any(finding.verdict is Verdict.PROBLEM for finding in findings):
        raise typer.Exit(1)


def _show(finding: Finding) -> None:
    console.print(
        f"{MARKS[finding.verdict]}  [bold]{finding.check}[/]: {escape(finding.saw)}",
        highlight=False,
        soft_wrap=True,
    )
    if finding.advice is not None:
        console.print(f"         → {escape(finding.advice)}", highlight=False, soft_wrap=True)
