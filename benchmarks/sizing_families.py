"""How our planner does on kinds of demand rather than on a trace: seeded families with the ways of recorded ones.

No recorded series is drawn from. The families copy what such series are known for: requests of many clients, few of them large, each with
its own day, unrest and bursts; a cluster's jobs by day and week, with arrays of jobs sent at once; a few small services that are silent at
night. What holds on all of them was not tuned to one.

Run: python benchmarks/sizing_families.py [--lead-minutes 10] [--seeds 2]
"""

import argparse
import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import exp, log
from statistics import fmean
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lepton_infra.sizing.backtest import Question, Row, backtest
from lepton_infra.sizing.series import DemandSeries

DAY = 144
"""Windows of ten minutes in a day."""
ALLOWED = (0.02, 0.01)
"""Shares of violated windows that are asked for."""

_WORKDAYS = 5
_ARRAYS = 0.004
"""Chance that an array of jobs is sent within a window."""

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of demand, and how it is judged."""

    name: str
    draw: Callable[[np.random.Generator, int], Floats]
    """Makes so many windows of it."""
    capacity: float
    """Demand that a node serves."""
    days: int
    """Length of a series."""
    test_days: int
    """Last days, on which it is judged."""

    def series(self, seed: int) -> DemandSeries:
        """Return the series of a seed."""
        values = self.draw(np.random.default_rng([seed, *self.name.encode()]), self.days * DAY)
        return DemandSeries(dt.datetime(2026, 1, 5, tzinfo=dt.UTC), 86_400 // DAY, values, "requests_per_second")


def requests(rng: np.random.Generator, windows: int, clients: int, mean: float, largest: float) -> Floats:
    """Draw requests per second, the sum of clients of which none has more than about the share `largest`."""
    shares = rng.pareto(1.1, clients) + 0.05
    shares = np.minimum(shares / shares.sum(), largest)
    total = np.zeros(windows)
    for share in shares.tolist():
        total += share * _client(rng, windows)
    return np.asarray(rng.poisson(total / total.mean() * mean * 600) / 600, dtype=np.float64)


def _client(rng: np.random.Generator, windows: int) -> Floats:
    turns = 2 * np.pi * np.arange(windows) / DAY
    day = rng.uniform(0.3, 0.9) * np.cos(turns - rng.normal(3.8, 0.6)) + 0.2 * rng.normal() * np.cos(2 * turns)
    rate = np.exp(day + _unrest(rng, windows, float(rng.choice([0.8, 0.95, 0.99])), rng.uniform(0.15, 0.6)))
    if rng.integers(2):
        rate *= np.where(_on(rng, windows), 1.0, 0.15)
    for at in np.flatnonzero(rng.random(windows) < rng.uniform(0.001, 0.015)):
        rate[at : at + max(int(rng.exponential(2.5)), 1)] *= 1 + rng.gamma(0.7, 2.0)
    return rate


def _on(rng: np.random.Generator, windows: int) -> NDArray[np.bool_]:
    """Draw whether a client is there: spells of a fixed mean length, and other spells between them."""
    lengths = np.stack([rng.exponential(rng.uniform(3, 60), windows), rng.exponential(rng.uniform(6, 60), windows)], axis=1)
    return np.repeat(np.arange(2 * windows) % 2 == 0, np.maximum(lengths.astype(int), 1).ravel())[:windows]


def _unrest(rng: np.random.Generator, windows: int, memory: float, deviation: float) -> Floats:
    state, out = rng.normal(0, deviation), np.empty(windows)
    for place, shock in enumerate(rng.normal(0, deviation * np.sqrt(1 - memory**2), windows)):
        state = memory * state + shock
        out[place] = state
    return out


def cluster(rng: np.random.Generator, windows: int, jobs_per_hour: float, sizes: tuple[int, ...], pool: int) -> Floats:
    """Draw accelerators or nodes that jobs hold or wait for, whole ones, `pool` at the peak."""
    times = np.arange(-3 * DAY, windows)
    week = np.where(times // DAY % 7 < _WORKDAYS, 1.0, rng.uniform(0.4, 0.8))
    rate = jobs_per_hour / 6 * week * (1 + 0.7 * np.cos(2 * np.pi * (times / DAY - 0.6))) * np.exp(_unrest(rng, len(times), 0.98, 0.3))
    odds = np.arange(1, len(sizes) + 1) ** -1.2
    held = np.zeros(len(times))
    arrivals: Ints = rng.poisson(rate)
    for place, jobs in enumerate(arrivals.tolist()):
        array = int(rng.gamma(1.2, jobs_per_hour / 4)) if rng.random() < _ARRAYS else 0
        wanted: Ints = rng.choice(sizes, jobs + array, p=odds / odds.sum())
        for size in wanted.tolist():
            held[place : place + max(int(rng.lognormal(2.2, 1.6)), 1)] += size
    return np.asarray(np.round(held[3 * DAY :] / held[3 * DAY :].max() * pool), dtype=np.float64)


def sparse(rng: np.random.Generator, windows: int) -> Floats:
    """Draw busy accelerators of a few services: bursts by day, next to nothing at night."""
    awake = np.maximum(np.cos(2 * np.pi * (np.arange(windows) / DAY - 0.55)) + 0.3, 0) ** 1.5
    total = np.zeros(windows)
    for _ in range(int(rng.integers(5, 15))):
        weight = rng.pareto(1.2) + 0.1
        for at in np.flatnonzero(rng.random(windows) < 0.06 * awake * rng.uniform(0.2, 2)):
            total[at : at + max(int(rng.exponential(2)), 1)] += weight * rng.gamma(0.8, 1)
    return np.asarray(np.round(total / total.mean() * 1.5, 3), dtype=np.float64)


FAMILIES = (
    Family("few clients", lambda rng, windows: requests(rng, windows, 40, 200, 0.2), 10, 14, 4),
    Family("many clients", lambda rng, windows: requests(rng, windows, 200, 3000, 0.08), 80, 14, 4),
    Family("some clients", lambda rng, windows: requests(rng, windows, 70, 1800, 0.15), 50, 14, 4),
    Family("accelerators", lambda rng, windows: cluster(rng, windows, 40, (1, 2, 4, 8, 16, 32), 800), 8, 31, 7),
    Family("nodes", lambda rng, windows: cluster(rng, windows, 60, (1, 1, 2, 4), 400), 8, 31, 7),
    Family("sparse", sparse, 0.1, 23, 7),
)
"""Every family."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lead-minutes", type=float, default=10)
    parser.add_argument("--seeds", type=int, default=2)
    given = parser.parse_args()
    print(f"node-hours over oracle, share short of what is allowed; {given.lead_minutes:g} min lead, {given.seeds} seeds of each family")
    print(f"{'family':14} {'allowed':>7} {'lepton':>15} {'hpa-tuned':>15} {'thresholds-tuned':>17}  within p95")
    for family, allowed, found in _judged(given.lead_minutes, given.seeds):
        cells = [_cell([row for row in found if row.policy == name], allowed) for name in ("lepton", "hpa-tuned", "thresholds-tuned")]
        covered = ", ".join(f"{row.coverage_95:.1%}" for row in found if row.policy == "lepton" and row.coverage_95 is not None)
        print(f"{family.name:14} {allowed:7.0%} {cells[0]:>15} {cells[1]:>15} {cells[2]:>17}  {covered}")


def _judged(lead_minutes: float, seeds: int) -> Iterator[tuple[Family, float, list[Row]]]:
    for family in FAMILIES:
        for allowed in ALLOWED:
            question = Question(family.capacity, lead_minutes, family.test_days, allowed)
            yield family, allowed, [row for seed in range(seeds) for row in backtest(family.series(seed), question).rows]


def _cell(rows: list[Row], allowed: float) -> str:
    over = exp(fmean(log(row.node_hours_over_oracle) for row in rows))
    return f"{over:.3f} at {fmean(row.violated_share for row in rows) / allowed:4.0%}"


if __name__ == "__main__":
    main()
