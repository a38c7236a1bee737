"""A pool with all that advice is drawn from: what is wanted, what was planned, what ran, what was needed, what it costs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from lepton_infra.catalog import Catalog, Machine
from lepton_infra.config import Pool
from lepton_infra.sizing.advise.model import Confidence
from lepton_infra.sizing.advise.usage import Usage
from lepton_infra.sizing.arrays import Flags, Floats, Ints
from lepton_infra.sizing.fleet import Candidate
from lepton_infra.sizing.plan import PoolPlan
from lepton_infra.sizing.series import DemandSeries

LEAST_DAYS: Final = 3
"""Days below which the hours of a day are not told apart."""
_MANY_DAYS: Final = 14
_NEARLY_ALL: Final = 0.9
_BURSTS: Final = 0.95
_ROUNDING: Final = 1e-6
_RESAMPLES: Final = 200
_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class Full:
    """Up to where a node is used while the promise holds."""

    share: float
    """Utilisation at which it is full."""
    peak_to_mean: float
    """Demand in the busiest window over the mean of a record, in half of the records."""
    sentence: str
    """Where that comes from."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a node costs an hour."""

    usd: float
    """Dollars."""
    sentence: str
    """Where that comes from, with its date."""


@dataclass(frozen=True)
class Case:
    """A pool to be advised about."""

    key: str
    """Its path in the stack file."""
    pool: Pool
    """What is wanted."""
    plan: PoolPlan
    """What was planned."""
    usage: Usage
    """What ran."""
    machine: Machine
    """What it ran on, for the most part."""
    full: Full
    """Up to where a node is used."""
    price: Price
    """What a node costs."""
    found: tuple[Candidate, ...]
    """Machines that satisfy the pool, with what they hold."""

    @property
    def promised(self) -> float:
        """Return the share of the time in which demand was to be served: all but what may be short, or the quantile that is fixed."""
        return self.plan.quantile if self.plan.violations is None else 1 - self.plan.violations

    @cached_property
    def known(self) -> Flags:
        """Say in which hours utilisation is known, shape `(n,)`."""
        return ~np.isnan(self.usage.busy)

    @cached_property
    def level(self) -> Floats:
        """Return the nodes' worth of work at the promised level by hour, shape `(n,)`; NaN where nothing is known of such an hour.

        It is the pool's quantile of that hour of the day on the days recorded; with fewer than `LEAST_DAYS` days of all hours.
        """
        return at_level(self._table(self.usage.busy), self.promised)[self._of_day]

    @cached_property
    def needed(self) -> Floats:
        """Return the fewest nodes that serve the promised level by hour, shape `(n,)`; NaN where it is not known."""
        return self._nodes(self.level)

    @cached_property
    def short(self) -> Flags:
        """Say in which hours a record was fuller than the promise allows, shape `(n,)`."""
        return self.known & (self.usage.hottest > self.full.share + _ROUNDING)

    @property
    def planned(self) -> Floats:
        """Return the nodes that the plan has for each hour of the day recorded, shape `(n,)`."""
        return self._by_hour({hour.start.hour: float(hour.nodes) for hour in self.plan.hours})

    def forecast(self) -> tuple[Floats, Floats]:
        """Return median and 95 % quantile of the plan's demand for each hour recorded, shapes `(n,)`."""
        median = self._by_hour({hour.start.hour: hour.demand_p50 for hour in self.plan.hours})
        return median, self._by_hour({hour.start.hour: hour.demand_p95 for hour in self.plan.hours})

    def resampled(self, extra: Callable[[Floats, Floats], Floats]) -> Floats:
        """Return the mean per hour of nodes beyond need in histories of resampled days, shape `(draws,)`; each has a need of its own.

        Args:
            extra: nodes beyond need, given nodes and need of the same shape.
        """
        busy, nodes = self._table(self.usage.busy), self._table(self.usage.nodes)
        drawn = np.random.default_rng(_SEED).integers(0, len(busy), (_RESAMPLES, len(busy)))
        needed = self._nodes(at_level(busy[drawn], self.promised))[:, None, :]
        ran = nodes[drawn]
        beyond = np.where(np.isnan(busy[drawn]), 0.0, extra(ran, np.broadcast_to(needed, ran.shape)))
        recorded = ~np.isnan(ran)
        return np.where(recorded, beyond, 0.0).sum(axis=(1, 2)) / np.maximum(recorded.sum(axis=(1, 2)), 1)

    def _table(self, values: Floats) -> Floats:
        """Return a row for each day and a column for each hour of it, NaN for gaps; one column where days are too few."""
        days, row = np.unique(self.usage.hours // 24, return_inverse=True)
        table = np.full((len(days), 24), np.nan)
        table[row, self.usage.hours % 24] = values
        return table if len(days) >= LEAST_DAYS else table.reshape(-1, 1)

    @cached_property
    def _of_day(self) -> Ints:
        """Return the column of each hour in that table."""
        return self.usage.hours % 24 if self.usage.days >= LEAST_DAYS else np.zeros(len(self.usage.hours), dtype=np.int64)

    def _nodes(self, level: Floats) -> Floats:
        return np.maximum(np.ceil(level / self.full.share - _ROUNDING), 0.0)

    def _by_hour(self, of_hour: dict[int, float]) -> Floats:
        return np.asarray([of_hour.get(hour, np.nan) for hour in (self.usage.hours % 24).tolist()])

    def confidence(self, most: Confidence = Confidence.HIGH) -> Confidence:
        """Return how far the records carry advice about need, `most` at most."""
        share = float(np.mean(self.known))
        if self.usage.days < LEAST_DAYS or not share:
            return Confidence.LOW
        enough = self.usage.days >= _MANY_DAYS and share >= _NEARLY_ALL
        return most if enough else Confidence.LOW if most is Confidence.LOW else Confidence.MEDIUM


def at_level(table: Floats, quantile: float) -> Floats:
    """Return the quantile of each column over the rows, the higher of two neighbours, gaps left out: `(..., days, k)` to `(..., k)`."""
    ordered = np.sort(table, axis=-2)  # NaN comes last
    known = np.sum(~np.isnan(table), axis=-2, keepdims=True)
    place = np.ceil(quantile * (known - 1) - _ROUNDING).astype(np.int64)
    return np.take_along_axis(ordered, np.maximum(place, 0), axis=-2).squeeze(axis=-2)


def full_of(demand: DemandSeries, minutes: int, hot: float = 1.0) -> Full:
    """Return up to where a node is used while the promise holds.

    A window of demand may be as hot as the promise about waiting allows, to the last of the capacity without one. A record that is longer
    than a window is full where its busiest window is, in all but one of twenty records of the pool's own history.

    Args:
        demand: the pool's history.
        minutes: length of a record.
        hot: share of busy slots up to which the promise holds; 1 without one.
    """
    typical, burst = _within(demand, minutes)
    said = f"A node is full at {hot / burst:.0%}"
    if hot < 1:
        said += f": the promise about waiting holds up to {hot:.0%} with the fewest nodes planned"
    if burst > 1:
        joint = ", and" if hot < 1 else ":"
        said += f"{joint} in one of twenty records of {minutes} minutes the busiest window has {burst:.2f} times their mean"
    return Full(hot / burst, typical, f"{said}.")


def _within(demand: DemandSeries, minutes: int) -> tuple[float, float]:
    """Return the busiest window over the mean of a record: in half of the records, and in one of twenty."""
    windows = demand.windows()
    steps = minutes * 60 // windows.step_seconds
    if steps < 2:  # noqa: PLR2004 (one window is its own mean)
        return 1.0, 1.0
    table = windows.values[: len(windows.values) // steps * steps].reshape(-1, steps)
    table = table[~np.isnan(table).any(axis=1) & (np.nan_to_num(table).sum(axis=1) > 0)]
    if not len(table):
        return 1.0, 1.0
    ratio = table.max(axis=1) / table.mean(axis=1)
    return float(np.median(ratio)), float(np.quantile(ratio, _BURSTS))


def price_of(usage: Usage, machine: Machine) -> Price:
    """Return what an on-demand node costs: what was billed where the records say it, or the catalogue's price."""
    billed = [part for part in usage.parts if part.market in {None, "on-demand"} and part.priced_hours > 0 and part.usd > 0]
    hours, usd = sum(part.priced_hours for part in billed), sum(part.usd for part in billed)
    if hours:
        return Price(usd / hours, f"A node-hour cost {usd / hours:,.4g} $: {usd:,.2f} $ billed for {hours:,.0f} on-demand node-hours.")
    said = f"A {machine.name} in {machine.region} costs {machine.usd_per_hour:,.4g} $ an hour (catalogue, {machine.price_date})."
    return Price(machine.usd_per_hour, said)


def machine_of(usage: Usage, plan: PoolPlan, catalog: Catalog) -> Machine | None:
    """Return the machine that most node-hours ran on, or the plan's where no record says it; None where the catalogue has it not."""
    by_name: dict[tuple[str, str], float] = {}
    for part in usage.parts:
        about = (part.machine or plan.offer.machine, part.region or plan.offer.region)
        by_name[about] = by_name.get(about, 0.0) + float(part.nodes.sum())
    name, region = max(sorted(by_name), key=by_name.__getitem__)
    return catalog.machine(plan.offer.cloud, name, region) or catalog.machine(plan.offer.cloud, name)
