"""What a pool ran, by the hour: the ledger's sums as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from lepton_infra.sizing.advise.ledger import HOUR, PRICED, Cells, Key, Ledger, Market
from lepton_infra.sizing.arrays import Floats, Ints

_HOUR_BITS: Final = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Part:
    """What ran on one machine, in one region, in one market; None where the records do not say."""

    machine: str | None
    """The cloud's name of the machine."""
    region: str | None
    """Where it ran."""
    market: Market | None
    """How it was paid for."""
    nodes: Floats
    """Node-hours in each hour of the pool, shape `(n,)`."""
    usd: float
    """What it cost, 0 where no record says."""
    priced_hours: float
    """Node-hours in the hours that have dollars."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a pool ran in the hours that have records; every array has shape `(n,)`."""

    pool: str
    """Name of the pool."""
    hours: Ints
    """Hours since 1970, rising."""
    nodes: Floats
    """Nodes that ran, mean of the hour."""
    busy: Floats
    """Nodes' worth of work in the busiest record of the hour; NaN where no record says."""
    mean_busy: Floats
    """Nodes' worth of work, mean of the hour; NaN where no record says."""
    hottest: Floats
    """Utilisation in the busiest record of the hour, 0 to 1; NaN where no record says."""
    memory: float | None
    """Share of the GPUs' memory used at most; None where no record says."""
    minutes: int
    """Length of the records that say utilisation, 60 for hours and what is longer."""
    parts: tuple[Part, ...]
    """What it consists of."""

    @property
    def days(self) -> int:
        """Return the number of days (UTC) with records."""
        return len(np.unique(self.hours // 24))


def usages(ledger: Ledger) -> dict[str, Usage]:
    """Return the usage of each pool that has hours with nodes, by name in alphabetical order."""
    cells = ledger.cells()
    # Cells are in order of series and hour, so that each series is a slice.
    edges = np.searchsorted(cells.key, np.arange(len(ledger.keys) + 1) << 32)
    by_pool: dict[str, list[tuple[Key, slice]]] = {}
    for place, key in enumerate(ledger.keys):
        by_pool.setdefault(key.pool, []).append((key, slice(int(edges[place]), int(edges[place + 1]))))
    found = {pool: _usage(pool, cells, by_pool[pool]) for pool in sorted(by_pool)}
    return {pool: usage for pool, usage in found.items() if usage}


def _usage(pool: str, cells: Cells, series: Sequence[tuple[Key, slice]]) -> Usage | None:
    mine: Ints = np.concatenate([np.arange(each.start, each.stop, dtype=np.int64) for _, each in series])
    hour, told_nodes = cells.key[mine] & _HOUR_BITS, cells.masks[mine, 0] > 0
    hours = np.unique(hour[told_nodes])
    if not len(hours):
        return None
    inside: Ints = mine[np.isin(hour, hours)]
    place, sums, most = np.searchsorted(hours, cells.key[inside] & _HOUR_BITS), cells.sums[inside], cells.most[inside]

    def total(column: int) -> Floats:
        return np.bincount(place, sums[:, column], len(hours)).astype(np.float64)

    def largest(column: int) -> Floats:
        found = np.full(len(hours), -np.inf)
        np.maximum.at(found, place, most[:, column])
        return np.where(np.isneginf(found), np.nan, found)

    nodes, told, alone = total(0) / HOUR, total(7), total(3)
    # Parts that say their utilisation stand for those that do not; utilisation of the whole pool stands where no part says its own.
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(told > 0, total(1) / told, np.where(alone > 0, total(2) / alone, np.nan))
        scale = np.where(told > 0, nodes * HOUR / told, 1.0)
    # A pool without nodes did no work, where a record says so much as its utilisation.
    ratio = np.where((nodes == 0) & (total(8) > 0), 0.0, ratio)
    hottest = np.maximum(largest(1), ratio)
    peak = np.bincount(place, np.where(np.isneginf(most[:, 0]), 0.0, most[:, 0]), len(hours)) * scale
    busy = np.where(told > 0, peak, hottest * nodes)
    memory = largest(2)
    return Usage(
        pool=pool,
        hours=hours,
        nodes=nodes,
        busy=np.where(np.isnan(ratio), np.nan, np.maximum(busy, ratio * nodes)),
        mean_busy=ratio * nodes,
        hottest=hottest,
        memory=None if np.isnan(memory).all() else float(np.nanmax(memory)),
        minutes=_minutes(sums[:, 8]),
        parts=tuple(_part(cells, each, hours, key) for key, each in series),
    )


def _minutes(records: Floats) -> int:
    """Return how long a record that says utilisation lasts as a rule, an hour for what is longer."""
    counts = records[records > 0]
    return int(max(60 // max(float(np.median(counts)), 1.0), 1)) if len(counts) else 60


def _part(cells: Cells, mine: slice, hours: Ints, key: Key) -> Part:
    hour = cells.key[mine] & _HOUR_BITS
    inside = np.isin(hour, hours)
    place, sums = np.searchsorted(hours, hour[inside]), cells.sums[mine][inside]
    priced = cells.masks[mine, 2][inside] & np.uint64(PRICED) > 0
    nodes = np.bincount(place, sums[:, 0], len(hours)) / HOUR
    return Part(key.machine, key.region, key.market, nodes, float(sums[:, 4].sum()), float(sums[priced, 0].sum()) / HOUR)
