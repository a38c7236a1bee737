"""All that the command line prints. The one file that knows rich."""

import json
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lepton_infra.errors import LeptonError


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    title: str
    """What stands above it."""
    justify: Literal["left", "right"] = "left"
    """Numbers to the right, words to the left."""


def number(title: str) -> Column:
    """Return a column of numbers."""
    return Column(title, "right")


def note(text: str) -> None:
    """Say something beside the answer, on stderr."""
    _stderr().print(escape(text), soft_wrap=True)


def say(text: str) -> None:
    """Print a line of the answer, on stdout."""
    _stdout().print(escape(text), soft_wrap=True)


def width() -> int:
    """Return the columns that a line of the answer may have: those of the terminal, or 80 where it goes elsewhere."""
    return _stdout().width


def table(title: str, columns: Sequence[Column | str], rows: Sequence[Sequence[object]], foot: Sequence[object] | None = None) -> None:
    """Print a table on stdout: every cell as text, with a last row set apart where `foot` is given."""
    console = _stdout()
    drawn = Table(title=escape(title), title_justify="left", title_style="bold", box=None, header_style="dim", pad_edge=False)
    for column in columns:
        known = column if isinstance(column, Column) else Column(column)
        drawn.add_column(escape(known.title), justify=known.justify, overflow="fold")
    for row in rows:
        drawn.add_row(*(escape(str(cell)) for cell in row))
    if foot is not None:
        drawn.add_section()
        drawn.add_row(*(escape(str(cell)) for cell in foot), style="bold")
    console.print(drawn)
    console.print()


def document(value: object) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def fault(error: LeptonError) -> None:
    """Print what went wrong, a line for each fault, on stderr."""
    for line in str(error).splitlines():
        _stderr().print(f"[red]error:[/red] {escape(line)}", soft_wrap=True)


@contextmanager
def progress() -> Generator[Callable[[str], None]]:
    """Yield a function that shows what is being done: one moving line on a terminal, a line per change elsewhere."""
    console = _stderr()
    if not console.is_terminal:
        yield _Lines()
        return
    with console.status("") as status:
        yield lambda text: status.update(escape(text))


class _Lines:
    """Prints a line when the step changes, not for each tick of the same step: logs are read from top to bottom."""

    def __init__(self) -> None:
        self._step = ""

    def __call__(self, text: str) -> None:
        step = text.partition(":")[0]
        if step != self._step:
            self._step = step
            note(text)


def _stdout() -> Console:
    # A colon between words is a colon: `root:x:0` holds no picture.
    return Console(emoji=False)


def _stderr() -> Console:
    return Console(stderr=True, emoji=False)
