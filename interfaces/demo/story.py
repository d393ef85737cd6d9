"""How the story is told on a terminal: chapters, prose, tables, and claims that must hold."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from rich import box
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from domain.personal import REDACTED

WIDTH = 100

Part = Literal["prose", "table", "call", "claim"]


class DemoFailedError(Exception):
    """Something did not do what it says; the message says what should have been."""


class Story:
    """A story that is told chapter by chapter."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: Part | None = None
        self._chapters = 0
        self.claims = 0

    def chapter(self, title: str, prose: str) -> None:
        """Begin the next chapter."""
        self._chapters += 1
        self._rule(f"{self._chapters}. {title}")
        self.tell(prose)

    def ending(self, title: str, prose: str) -> None:
        """Begin what comes after the last chapter."""
        self._rule(title)
        self.tell(prose)

    def tell(self, prose: str) -> None:
        """Tell a paragraph."""
        self._print("prose", prose)

    def show(self, shown: Table) -> None:
        """Show a table."""
        self._print("table", shown)

    def called(self, call: str, answer: str) -> None:
        """Show a call that was made and how it was answered."""
        self._print("call", _marked("→", "dim", Text.assemble((call, "cyan"), f"  {answer}")))

    def expect(self, holds: bool, claim: str) -> None:
        """Claim something. Raises DemoFailedError unless it holds."""
        if not holds:
            raise DemoFailedError(claim)
        self.claims += 1
        self._print("claim", _marked("✓", "bold green", Text(claim)))

    def fail(self, error: DemoFailedError) -> None:
        """Tell what did not do what it says; the story ends here."""
        self._print("claim", _marked("✗", "bold red", Text(str(error))))

    @contextmanager
    def meanwhile(self, what: str) -> Iterator[None]:
        """Show, on a terminal only, what is being waited for."""
        if self._console.is_terminal:
            with self._console.status(what):
                yield
        else:
            yield

    @contextmanager
    def counting(self, what: str, total: int) -> Iterator["Counter"]:
        """Show, on a terminal only, how many are done."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(
            *columns,
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        ) as progress:
            yield Counter(progress, progress.add_task(what, total=total))

    def _rule(self, title: str) -> None:
        self._console.print()
        self._console.rule(Text(title, "bold"), style="dim", align="left")

    def _print(self, part: Part, shown: RenderableType) -> None:
        """Print a part of the story; calls and claims that follow each other stand together."""
        if part != self._last or part in ("prose", "table"):
            self._console.print()
        self._console.print(shown, highlight=False)
        self._last = part


class Counter:
    """Counts what is done."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def one_more(self) -> None:
        """Count one."""
        self._progress.advance(self._task)


def own_console() -> Console:
    """Make the console: as wide as the terminal but not wider than is good to read."""
    if hasattr(sys.stdout, "reconfigure"):  # not every encoding has every letter of every name
        sys.stdout.reconfigure(errors="replace")
    terminal = Console()
    return Console(width=min(terminal.width, WIDTH) if terminal.is_terminal else WIDTH)


def table(*columns: str, numbers: int = 0) -> Table:
    """Make an empty table, whose last ``numbers`` columns are aligned as numbers are."""
    made = Table(box=box.ROUNDED, header_style="bold", border_style="dim")
    for index, column in enumerate(columns):
        is_number = index >= len(columns) - numbers
        made.add_column(column, justify="right" if is_number else "left", overflow="fold")
    return made


def value(shown: object) -> Text:
    """Give a table's cell with a value that came over HTTP, where what is gone stands out."""
    if shown is None:
        return Text("—", "dim")
    told = str(shown).lower() if isinstance(shown, bool) else str(shown)
    return Text(told, "bold red" if shown == REDACTED else "")


def _marked(mark: str, style: str, text: Text) -> Table:
    line = Table.grid(padding=(0, 1))
    line.add_column(no_wrap=True)
    line.add_column(overflow="fold")
    line.add_row(Text(mark, style), text)
    return line
