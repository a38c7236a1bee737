"""The project's own usage records: a row for each pool and time, see docs/usage-records.md."""

from collections.abc import Collection, Sequence
from typing import Final

import numpy as np

from lepton_infra.catalog import listed, nearest
from lepton_infra.errors import BadInput, Fault
from lepton_infra.sizing.advise.cells import Faults, Moments, numbers, plain_name
from lepton_infra.sizing.advise.ledger import HOUR, MEASURED, MINUTE, Batch, Key, Ledger, Market
from lepton_infra.sizing.arrays import Flags, Floats, Ints
from lepton_infra.sizing.table import shown

MOST_NODES: Final = 1e6
"""Nodes of one record beyond which it is a fault of units."""
MOST_USD: Final = 1e9
"""Dollars of one record beyond which it is a fault of units."""
_LONGEST: Final = 24 * HOUR
_NAMES: Final = {
    "time": ("time", "start", "timestamp", "hour", "datetime"),
    "end": ("end", "until"),
    "pool": ("pool", "node_pool"),
    "machine": ("machine", "instance_type", "machine_type"),
    "region": ("region",),
    "market": ("market", "capacity_type"),
    "nodes": ("nodes", "node_count"),
    "node_hours": ("node_hours",),
    "utilisation": ("utilisation", "utilization"),
    "utilisation_percent": ("utilisation_percent", "utilization_percent", "utilisation_pct", "utilization_pct"),
    "usd": ("usd", "cost_usd", "usd_cost"),
    "gpu_memory": ("gpu_memory", "gpu_memory_utilisation", "gpu_memory_utilization"),
    "gpu_memory_percent": ("gpu_memory_percent", "gpu_memory_pct"),
}
"""What columns may be called."""
MARKETS: Final[dict[str, Market]] = {
    "on-demand": "on-demand",
    "on_demand": "on-demand",
    "ondemand": "on-demand",
    "spot": "spot",
    "preemptible": "spot",
    "committed": "committed",
    "reserved": "committed",
}
"""How markets are written."""


class NativeRows:
    """Reads rows of one file into a ledger."""

    def __init__(self, header: Sequence[str], pools: Collection[str], ledger: Ledger, faults: Faults) -> None:
        """Find the columns.

        Raises:
            BadInput: one is missing, or is there twice.
        """
        self._places = _places(header, faults.name)
        self._pools, self._ledger, self._faults = pools, ledger, faults
        self._moments = Moments()
        self._codes: dict[tuple[str, ...], int] = {}
        self._step: int | None = None

    def take(self, rows: Sequence[Sequence[str]], lines: Sequence[int]) -> None:
        """Read rows; what is wrong with them becomes faults."""
        columns = list(zip(*rows, strict=True))
        cells = {name: columns[place] for name, place in self._places.items()}
        blank = ("",) * len(rows)
        about = zip(*(cells.get(name, blank) for name in ("pool", "machine", "region", "market")), strict=True)
        codes = self._all_codes(list(about), lines)
        start = self._moments.column(cells["time"], lines, self._faults)
        seconds = self._seconds(cells.get("end"), codes, start, lines)
        nodes = numbers(cells.get("nodes", blank), lines, "nodes", MOST_NODES, self._faults)
        hours = numbers(cells.get("node_hours", blank), lines, "node_hours", MOST_NODES, self._faults)
        usd = numbers(cells.get("usd", blank), lines, "usd", MOST_USD, self._faults)
        used, memory = self._share("utilisation", cells, lines), self._share("gpu_memory", cells, lines)
        self._silent(cells, lines, np.isnan(nodes) & np.isnan(hours) & np.isnan(used))
        good = (codes >= 0) & ~np.isnan(start) & (seconds > 0)
        nodes = np.where(np.isnan(nodes), hours * HOUR / np.maximum(seconds, 1), nodes)
        whole = np.nan_to_num(start).astype(np.int64)
        self._ledger.add(Batch(codes, whole, seconds, nodes, used, usd, memory).only(good), MEASURED)

    def _all_codes(self, about: Sequence[tuple[str, ...]], lines: Sequence[int]) -> Ints:
        """Return the numbers of the series, -1 where a pool or a market is not known."""
        if not set(about) <= self._codes.keys():
            for one, line in zip(about, lines, strict=True):
                self._code(one, line)
        return np.fromiter(map(self._codes.__getitem__, about), dtype=np.int64, count=len(about))

    def _code(self, about: tuple[str, ...], line: int) -> None:
        if about not in self._codes:
            pool, machine, region, market = (text.strip() for text in about)
            known = MARKETS.get(market.casefold())
            if pool not in self._pools:
                near = listed(nearest(pool, self._pools))
                self._faults.add(line, f"has the pool {shown(pool)}", f"choose {near}", "Leave out what is not of this stack")
            if market and known is None:
                self._faults.add(line, f"has the market {shown(market)}", "on-demand, spot or committed")
            fine = pool in self._pools and (known is not None or not market)
            self._codes[about] = self._ledger.code(Key(pool, machine or None, region or None, known)) if fine else -1

    def _seconds(self, ends: Sequence[str] | None, codes: Ints, start: Floats, lines: Sequence[int]) -> Ints:
        """Return how long each record lasts: up to its end, or the commonest step between records of a series."""
        if ends is not None:
            lasts = self._moments.column(ends, lines, self._faults) - start
            for place in np.flatnonzero((lasts <= 0) | (lasts > _LONGEST)).tolist():
                self._faults.add(lines[place], f"lasts {lasts[place]:g} s", "more than nothing, and a day at most")
            return np.nan_to_num(lasts).astype(np.int64)
        if self._step is None:
            self._step = common_step(codes, start)
            if self._step % MINUTE or (HOUR % self._step and self._step != _LONGEST):
                given = f"has steps of {self._step} s between its records"
                self._faults.add(0, given, "minutes that fill an hour, hours, or days", "Say when each ends in a column named end")
                self._step = HOUR
        return np.full(len(start), self._step, dtype=np.int64)

    def _share(self, name: str, cells: dict[str, tuple[str, ...]], lines: Sequence[int]) -> Floats:
        """Return a share of 1: from 0 to 1, or in percent where column or cells say so."""
        if f"{name}_percent" in cells:
            return numbers(cells[f"{name}_percent"], lines, f"{name}_percent", 100, self._faults) / 100
        column = cells.get(name, ("",) * len(lines))
        if "%" not in "".join(column):
            return numbers(column, lines, name, 1, self._faults)
        percent = np.asarray([cell.strip().endswith("%") for cell in column])
        found = numbers([cell.strip().removesuffix("%").strip() for cell in column], lines, name, 100, self._faults)
        for place in np.flatnonzero(~percent & (found > 1)).tolist():
            self._faults.add(lines[place], f"has the {name} {shown(column[place])}", "a number from 0 to 1, or with its % sign")
        return np.where(percent, found / 100, found)

    def _silent(self, cells: dict[str, tuple[str, ...]], lines: Sequence[int], unknown: Flags) -> None:
        """Note rows that say neither nodes nor utilisation; what is no number has its own fault."""
        told = [cells[name] for name in ("nodes", "node_hours", "utilisation", "utilisation_percent") if name in cells]
        for place in np.flatnonzero(unknown).tolist():
            if not any(column[place] for column in told):
                self._faults.add(lines[place], "says neither nodes nor utilisation", "one of them at least")


def common_step(codes: Ints, start: Floats) -> int:
    """Return the commonest time between records of a series in seconds, the shortest of several; an hour where no series has two."""
    order = np.lexsort((start, codes))
    apart = np.diff(start[order])[np.diff(codes[order]) == 0]
    apart = apart[apart > 0]
    if not len(apart):
        return HOUR
    steps, counts = np.unique(np.round(apart).astype(np.int64), return_counts=True)
    return int(steps[np.argmax(counts)])


def _places(header: Sequence[str], name: str) -> dict[str, int]:
    plain = [plain_name(one) for one in header]
    found = {meaning: [place for place, one in enumerate(plain) if one in names] for meaning, names in _NAMES.items()}
    seen = ", ".join(header)[:80]
    faults = [
        Fault(f"{name}:1", f"has {len(places)} columns of {meaning} among '{seen}'", "one")
        for meaning, places in found.items()
        if len(places) > 1
    ]
    missing = [meaning for meaning in ("time", "pool") if not found[meaning]]
    if missing:
        faults.append(Fault(f"{name}:1", f"has no column {listed(missing, 'and')} among '{seen}'", "columns as in docs/usage-records.md"))
    if not any(found[meaning] for meaning in ("nodes", "node_hours", "utilisation", "utilisation_percent")):
        faults.append(Fault(f"{name}:1", f"has no column of use among '{seen}'", "nodes, node_hours or utilisation"))
    for one, other in (("nodes", "node_hours"), ("utilisation", "utilisation_percent"), ("gpu_memory", "gpu_memory_percent")):
        if found[one] and found[other]:
            faults.append(Fault(f"{name}:1", f"has {one} and {other}", "one of them"))
    if faults:
        raise BadInput(faults)
    return {meaning: places[0] for meaning, places in found.items() if places}
