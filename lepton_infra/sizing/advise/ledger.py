"""Usage added up by pool and hour as it is read, so that a file of any length takes the memory of its hours alone."""

import datetime as dt
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lepton_infra.errors import Fault
from lepton_infra.sizing.arrays import Flags, Floats, Ints

Market: TypeAlias = Literal["on-demand", "spot", "committed"]
"""How a node is paid for."""

HOUR: Final = 3600
"""Seconds in an hour."""
MINUTE: Final = 60
"""Seconds in a minute, the finest that records are held to."""
MOST_CELLS: Final = 20_000_000
"""Hours of all series together that are held: a thousand pools for two years."""
_COMPACT_FROM: Final = 2_000_000
_SHIFT: Final = 32
_SHOWN: Final = 10
MEASURED: Final = 1
"""Mark of hours whose nodes were counted."""
BILLED: Final = 2
"""Mark of hours whose nodes were billed."""
PRICED: Final = 4
"""Mark of hours that have dollars."""
_EITHER: Final = np.uint64(MEASURED | BILLED)


@dataclass(frozen=True, slots=True)
class Key:
    """What a record is about; None where it does not say."""

    pool: str
    """Name of the pool in the stack file."""
    machine: str | None = None
    """The cloud's name of the machine."""
    region: str | None = None
    """Where it ran."""
    market: Market | None = None
    """How it was paid for."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records as they come out of a file; every array has shape `(n,)`, NaN where a record does not say."""

    code: Ints
    """Number of the series, as `Ledger.code` gives it."""
    start: Ints
    """When it begins, seconds since 1970."""
    seconds: Ints
    """How long it lasts."""
    nodes: Floats
    """Mean number of nodes."""
    utilisation: Floats
    """Mean share of their capacity that was used, 0 to 1."""
    usd: Floats
    """What they cost."""
    memory: Floats
    """Share of the GPUs' memory that was used at most, 0 to 1."""

    def only(self, flags: Flags) -> "Batch":
        """Return the records that are flagged."""
        return Batch(
            self.code[flags],
            self.start[flags],
            self.seconds[flags],
            self.nodes[flags],
            self.utilisation[flags],
            self.usd[flags],
            self.memory[flags],
        )


Masks: TypeAlias = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Cells:
    """Sums by series and hour, in order of `key`."""

    key: Ints
    """Series and hour in one number, shape `(n,)`."""
    sums: Floats
    """Node-seconds; busy node-seconds; of utilisation without nodes its seconds times it, then its seconds; dollars; minutes with nodes;
    minutes with utilisation alone; node-seconds of known utilisation; records of utilisation. Shape `(n, 9)`."""
    most: Floats
    """Largest busy nodes, utilisation and memory; -inf where unknown; shape `(n, 3)`."""
    masks: Masks
    """Minutes with nodes, minutes with utilisation alone, marks of where it came from; shape `(n, 3)`."""


class Ledger:
    """Adds up records."""

    def __init__(self) -> None:
        self._codes: dict[Key, int] = {}
        self._parts: list[Cells] = []
        self._waiting = 0
        self.rows = array("q")
        """Hash of each row of a bill: its rows have no times of their own that could overlap."""

    @property
    def keys(self) -> tuple[Key, ...]:
        """Return the series in the order in which they were first seen."""
        return tuple(self._codes)

    def code(self, key: Key) -> int:
        """Return the number of a series."""
        return self._codes.setdefault(key, len(self._codes))

    def add(self, batch: Batch, mark: int) -> None:
        """Add records, cut at the hours that they reach into; those of the same series and minute are told by `overlaps`."""
        self._parts.append(_merged([_cells(_by_hour(batch), mark)]))
        self._waiting += len(self._parts[-1].key)
        if self._waiting > _COMPACT_FROM:
            self._parts = [_merged(self._parts)]
            self._waiting = 0

    def cells(self) -> Cells:
        """Return what was added."""
        if len(self._parts) != 1:
            self._parts = [_merged(self._parts)] if self._parts else [_cells(_nothing(), 0)]
        return self._parts[0]

    def too_many(self) -> bool:
        """Say whether more hours were added than are held."""
        return sum(len(part.key) for part in self._parts) > MOST_CELLS


def overlaps(ledger: Ledger, name: str) -> Iterator[Fault]:
    """Yield a fault for hours in which records of a series share a minute, rows of a bill there twice, pools both counted and billed.

    Args:
        ledger: with every file added.
        name: what to call the files.
    """
    cells, keys = ledger.cells(), ledger.keys
    repeated = len(ledger.rows) - len(np.unique(np.asarray(ledger.rows)))
    if repeated:
        yield Fault(name, f"has {repeated:,} rows that repeat another", "each row of a bill once", "Give each file once")
    twice = cells.sums[:, 5] > np.bitwise_count(cells.masks[:, 0]) + 1e-6
    twice |= cells.sums[:, 6] > np.bitwise_count(cells.masks[:, 1]) + 1e-6
    places = np.flatnonzero(twice).tolist()
    for place in places[:_SHOWN]:
        key = keys[int(cells.key[place]) >> _SHIFT]
        about = ", ".join(filter(None, (key.pool, key.machine, key.region, key.market)))
        yield Fault(name, f"has records of {about} that overlap in the hour of {moment(cells.key[place])}", "one record for each time")
    if len(places) > _SHOWN:
        yield Fault(name, f"has {len(places) - _SHOWN:,} more hours like these", "none")
    first = {key.pool: place for place, key in reversed(list(enumerate(keys)))}
    pools = np.asarray([first[key.pool] for key in keys], dtype=np.int64)
    if len(cells.key):
        yield from _counted_and_billed(cells, keys, pools, name)


def moment(key: int) -> str:
    """Return the hour of a cell as it is shown."""
    return f"{dt.datetime.fromtimestamp(hours_of(key) * HOUR, dt.UTC):%Y-%m-%d %H:%M} UTC"


def hours_of(key: int) -> int:
    """Return the hour since 1970 of a cell."""
    return int(key) & ((1 << _SHIFT) - 1)


def series_of(cells: Cells) -> Ints:
    """Return the number of the series of each cell."""
    return cells.key >> _SHIFT


def _counted_and_billed(cells: Cells, keys: tuple[Key, ...], pools: Ints, name: str) -> Iterator[Fault]:
    by_pool = (pools[series_of(cells)] << _SHIFT) | (cells.key & ((1 << _SHIFT) - 1))
    order = np.argsort(by_pool, kind="stable")
    begins = np.flatnonzero(np.diff(by_pool[order], prepend=-1))
    marks = np.bitwise_or.reduceat(cells.masks[order, 2], begins)
    both = np.flatnonzero(marks & _EITHER == _EITHER)
    if len(both):
        first = int(by_pool[order][begins[both[0]]])
        given = f"has {len(both):,} hours of {keys[first >> _SHIFT].pool} both counted and billed, from {moment(first)}"
        yield Fault(name, given, "nodes from one of them", "Give the counts as utilisation alone, or leave out the bill")


def _nothing() -> Batch:
    none = np.empty(0, dtype=np.int64)
    empty = np.empty(0)
    return Batch(none, none, none, empty, empty, empty, empty)


def _by_hour(batch: Batch) -> Batch:
    """Cut records at the hours of the clock; dollars go with the time."""
    if not len(batch.code):
        return batch
    last = batch.start + np.maximum(batch.seconds, 1) - 1
    pieces = last // HOUR - batch.start // HOUR + 1
    if np.all(pieces == 1):
        return batch
    row = np.repeat(np.arange(len(pieces)), pieces)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    hour = batch.start[row] // HOUR + nth
    start = np.maximum(batch.start[row], hour * HOUR)
    end = np.minimum(batch.start[row] + batch.seconds[row], (hour + 1) * HOUR)
    share = (end - start) / batch.seconds[row]
    return Batch(batch.code[row], start, end - start, batch.nodes[row], batch.utilisation[row], batch.usd[row] * share, batch.memory[row])


def _cells(batch: Batch, mark: int) -> Cells:
    """Return a cell for each record that lies within an hour."""
    with_nodes = ~np.isnan(batch.nodes)
    alone = ~with_nodes & ~np.isnan(batch.utilisation)
    busy = batch.nodes * batch.utilisation
    minutes = _minutes(batch)
    zero = np.uint64(0)
    exclusive = mark != BILLED
    lasts = np.bitwise_count(minutes).astype(np.float64)
    sums = np.column_stack(
        (
            np.where(with_nodes, batch.nodes * batch.seconds, 0.0),
            np.where(np.isnan(busy), 0.0, busy * batch.seconds),
            np.where(alone, batch.utilisation * batch.seconds, 0.0),
            np.where(alone, batch.seconds, 0.0),
            np.where(np.isnan(batch.usd), 0.0, batch.usd),
            np.where(with_nodes & exclusive, lasts, 0.0),
            np.where(alone & exclusive, lasts, 0.0),
            np.where(np.isnan(busy), 0.0, batch.nodes * batch.seconds),
            np.where(np.isnan(batch.utilisation), 0.0, 1.0),
        )
    )
    most = np.column_stack([np.where(np.isnan(each), -np.inf, each) for each in (busy, batch.utilisation, batch.memory)])
    dollars = np.where(np.isnan(batch.usd), zero, np.uint64(PRICED))
    marks = np.where(with_nodes, np.uint64(mark), zero) | dollars
    masks = np.column_stack((np.where(with_nodes, minutes, zero), np.where(alone, minutes, zero), marks))
    return Cells((batch.code << _SHIFT) | (batch.start // HOUR), sums, most, masks.astype(np.uint64))


def _minutes(batch: Batch) -> Masks:
    first = (batch.start % HOUR) // MINUTE
    count = np.clip(-(-(batch.start % HOUR % MINUTE + batch.seconds) // MINUTE), 0, 60)
    return ((np.uint64(1) << count.astype(np.uint64)) - np.uint64(1)) << first.astype(np.uint64)


def _merged(parts: list[Cells]) -> Cells:
    key = np.concatenate([part.key for part in parts])
    if not len(key):
        return parts[0]
    order = np.argsort(key, kind="stable")
    begins = np.flatnonzero(np.diff(key[order], prepend=-1))
    return Cells(
        key[order][begins],
        np.add.reduceat(np.concatenate([part.sums for part in parts])[order], begins, axis=0),
        np.maximum.reduceat(np.concatenate([part.most for part in parts])[order], begins, axis=0),
        np.bitwise_or.reduceat(np.concatenate([part.masks for part in parts])[order], begins, axis=0),
    )
