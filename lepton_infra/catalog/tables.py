"""The shipped tables, as rows of text."""

import csv
from pathlib import Path
from typing import Final

DATA: Final = Path(__file__).parent / "data"
"""Where the tables lie, with SOURCES.md."""


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a shipped table by their columns: `rows("carbon")`."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
