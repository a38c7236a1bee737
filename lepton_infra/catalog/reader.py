"""From CSV rows to records, refusing rows that cannot be true.

The rules are the traps of cloud price feeds: placeholder prices, host and accelerator priced apart, spot quotes at or above on-demand.
"""

import csv
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import Final, TypeVar

from lepton_infra.catalog.model import Cloud, Interruption, Machine, SpotMark
from lepton_infra.catalog.words import listed
from lepton_infra.errors import BadInput, Fault

COLUMNS: Final = (
    "cloud", "region", "machine", "vcpus", "memory_gib", "gpu", "gpus", "gpu_memory_gb", "usd_per_hour", "on_demand",
    "spot_usd_per_hour", "spot_mark", "spot_date", "interruption", "price_date", "source", "caveat",
)  # fmt: skip
"""Header of a machine table, in order."""
DEAREST_USD_PER_HOUR: Final = 500.0
"""No machine costs more; the placeholders seen in feeds stand at 700."""

_Word = TypeVar("_Word", bound=StrEnum)


def read_machines(lines: Iterable[str], where: str, known_on: dt.date) -> tuple[Machine, ...]:
    """Read a machine table.

    Args:
        lines: CSV with the header `COLUMNS`.
        where: name of the table for messages.
        known_on: the day the table was made: no price may be younger.

    Raises:
        BadInput: with a fault for every row that cannot be true.
    """
    rows = csv.reader(lines)
    header = tuple(next(rows, ()))
    if header != COLUMNS:
        raise BadInput(Fault(f"{where}:1", f"has the columns {','.join(header)!r}", ",".join(COLUMNS)))
    machines: list[Machine] = []
    faults: list[Fault] = []
    seen: set[tuple[str, str, str]] = set()
    for number, row in enumerate(rows, start=2):
        try:
            machine = _machine(_Row(dict(zip(COLUMNS, row, strict=True))), known_on)
            _unless(machine.key in seen, f"repeats {' '.join(machine.key)}", "one row for each machine in a region")
        except ValueError as error:
            given, _, allowed = str(error).partition("; ")
            faults.append(Fault(f"{where}:{number}", given, allowed))
            continue
        seen.add(machine.key)
        machines.append(machine)
    if faults:
        raise BadInput(faults)
    return tuple(machines)


@dataclass(frozen=True, slots=True)
class _Row:
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        _unless(not self.cells[column], f"has no {column}", "a value")
        return self.cells[column]

    def number(self, column: str) -> float:
        try:
            value = float(self.text(column))
        except ValueError:
            value = float("nan")
        _unless(not (isfinite(value) and value > 0), f"has {column} {self.cells[column]!r}", "a number above 0")
        return value

    def maybe_number(self, column: str) -> float | None:
        return self.number(column) if self.cells[column] else None

    def date(self, column: str, latest: dt.date) -> dt.date:
        try:
            value = dt.date.fromisoformat(self.text(column))
        except ValueError:
            value = dt.date.max
        _unless(value > latest, f"has {column} {self.cells[column]!r}", f"a date like 2026-07-20, not after {latest}")
        return value

    def word(self, column: str, words: type[_Word]) -> _Word | None:
        given = self.cells[column]
        if not given:
            return None
        _unless(given not in set(words), f"has {column} {given!r}", listed(words))
        return words(given)


def _machine(row: _Row, latest: dt.date) -> Machine:
    cloud = row.word("cloud", Cloud)
    if cloud is None:
        raise ValueError("has no cloud; " + listed(Cloud))
    machine = Machine(
        cloud=cloud,
        region=row.text("region"),
        name=row.text("machine"),
        vcpus=int(row.number("vcpus")),
        memory_gib=row.maybe_number("memory_gib"),
        gpu=row.cells["gpu"] or None,
        gpus=row.maybe_number("gpus") or 0.0,
        gpu_memory_gb=row.maybe_number("gpu_memory_gb"),
        usd_per_hour=row.number("usd_per_hour"),
        on_demand=row.text("on_demand") == "yes",
        spot_usd_per_hour=row.maybe_number("spot_usd_per_hour"),
        spot_mark=row.word("spot_mark", SpotMark),
        spot_date=row.date("spot_date", latest) if row.cells["spot_date"] else None,
        interruption=row.word("interruption", Interruption),
        price_date=row.date("price_date", latest),
        source=row.text("source"),
        caveat=row.cells["caveat"],
    )
    for broken, given, allowed in _rules(machine):
        _unless(broken, given, allowed)
    return machine


def _rules(machine: Machine) -> Iterator[tuple[bool, str, str]]:
    spot = machine.spot_usd_per_hour
    full_price = spot is not None and spot >= machine.usd_per_hour
    yield (
        machine.usd_per_hour > DEAREST_USD_PER_HOUR,
        f"costs {machine.usd_per_hour} $/h",
        f"{DEAREST_USD_PER_HOUR:g} at most: a placeholder?",
    )
    yield (
        spot is not None and spot > DEAREST_USD_PER_HOUR,
        f"has spot {spot} $/h",
        f"{DEAREST_USD_PER_HOUR:g} at most: a placeholder?",
    )
    yield len({machine.gpu is None, machine.gpus == 0, machine.gpu_memory_gb is None}) > 1, "has half a GPU", "gpu, gpus and gpu_memory_gb"
    yield (spot is None) != (machine.spot_date is None), "has a spot price without its date, or a date alone", "both or neither"
    yield (
        full_price and machine.spot_mark is not SpotMark.NO_DISCOUNT,
        f"has spot {spot} not below on-demand",
        "less, or spot_mark no-discount",
    )
    yield not machine.on_demand and not machine.caveat, "is not sold on demand", "a caveat that says why"


def _unless(broken: bool, given: str, allowed: str) -> None:  # noqa: FBT001 (reads as the sentence it is)
    if broken:
        raise ValueError(f"{given}; {allowed}")
