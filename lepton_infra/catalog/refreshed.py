"""Prices read from the clouds' feeds, as text: written by `lepton catalog refresh`, held to the rules of the shipped rows when read."""

import csv
import datetime as dt
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Final, cast

from lepton_infra.catalog.model import Cloud, Machine
from lepton_infra.catalog.reader import COLUMNS, read_machines
from lepton_infra.catalog.side import Commitment
from lepton_infra.config.files import write_aside
from lepton_infra.errors import BadInput, Fault

_FORMAT: Final = "lepton.catalog/1"
_AGAIN: Final = "Run `lepton catalog refresh` again, or `lepton catalog refresh --forget`"
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What one cloud's feeds said."""

    day: dt.date
    """Day on which they were read."""
    machines: tuple[Machine, ...]
    """Machine rows."""
    commitments: Mapping[Key, tuple[Commitment, ...]]
    """Published commitment prices, by a machine's key."""


def write_refreshed(path: Path, clouds: Mapping[str, Refreshed]) -> None:
    """Write what the feeds said, whole or not at all.

    Raises:
        BadInput: the rows break a rule of the shipped ones; nothing is written.
    """
    text = json.dumps({_FORMAT: {name: _plain(one) for name, one in sorted(clouds.items())}}, indent=1) + "\n"
    parse_refreshed(text, path.name)
    write_aside(path, text)


def read_refreshed(path: Path) -> dict[str, Refreshed]:
    """Return what was refreshed, by cloud; nothing where nothing was.

    Raises:
        BadInput: the file is damaged, or its rows cannot be true.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(Fault(str(path), f"cannot be read ({error})", "what `lepton catalog refresh` writes", _AGAIN)) from None
    return parse_refreshed(text, str(path))


def parse_refreshed(text: str, where: str) -> dict[str, Refreshed]:
    """Read the text of a file of refreshed prices.

    Raises:
        BadInput: it is damaged, or its rows cannot be true.
    """
    try:
        document = cast("dict[str, Any]", json.loads(text))
        # Of another format there is nothing under this key.
        return {Cloud(name).value: _parsed(one, where) for name, one in document[_FORMAT].items()}
    except BadInput:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise BadInput(Fault(where, f"is damaged ({str(error)[:80]})", "what `lepton catalog refresh` writes", _AGAIN)) from None


def row(machine: Machine) -> list[str]:
    """Return the machine as a row of a machine table, in the order of `COLUMNS`."""
    cells = {"machine": machine.name, "on_demand": "yes" if machine.on_demand else "no", "gpus": machine.gpus or None}
    values = [cells[name] if name in cells else getattr(machine, name) for name in COLUMNS]
    return ["" if value is None else str(value) for value in values]


def _plain(one: Refreshed) -> dict[str, object]:
    return {
        "day": one.day.isoformat(),
        "machines": [_line(row(machine)) for machine in sorted(one.machines, key=lambda machine: machine.key)],
        "commitments": [
            [*key, each.years, each.usd_per_hour, each.program, each.source]
            for key, rows in sorted(one.commitments.items())
            for each in rows
        ],
    }


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(cells)
    return text.getvalue()


def _parsed(one: dict[str, Any], where: str) -> Refreshed:
    day = dt.date.fromisoformat(one["day"])
    machines = read_machines([",".join(COLUMNS), *one["machines"]], where, day)
    commitments: dict[Key, tuple[Commitment, ...]] = {}
    for cloud, region, name, years, price, program, source in one["commitments"]:
        usd = float(price)
        if not (isfinite(usd) and usd > 0):
            raise ValueError(f"a commitment of {price}")
        made = Commitment(int(years), usd, derived=False, program=str(program), as_of=day, source=str(source))
        commitments[cloud, region, name] = (*commitments.get((cloud, region, name), ()), made)
    return Refreshed(day, machines, commitments)
