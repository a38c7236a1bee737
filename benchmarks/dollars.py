"""Dollars: our planner on a mixed fleet beside 80/40 thresholds on the best single on-demand type, on the same troubled days.

A table for each series and set of clouds, one lever after another. Each line keeps the better of what it adds and what stood before:

- The rivals: 80/40 scaling to 60 % on the type that it costs least on, however often it is short; and the same shape scaled up or down, on
  the type and at the scale that cost least within 1 % of windows short. Type and scale are chosen on the test days, with hindsight.
- Ours is chosen on the days before the test: types, pools, surplus and level are those that cost least in a rehearsal there within 1 %.
- Spot is filled cheapest pool first, none with more than its part of the spread; a pool that refuses is passed over for the next. A pool is
  one kind of accelerator in one zone, whatever the machine's size, in the regions that share the first word of the name with the region of
  each cloud where a unit costs least on demand.
- "Largest pool to spare": every pool holds so much more that the median of demand is served without the largest. "Surplus rehearsed": only
  the chance of a loss counts, and that of a pool in a given half hour is far below 1 %. A loss then goes deep: the last columns say what
  happens if the largest spot pool is taken every noon.
- Commitments: as many nodes of the base as the newsvendor says on the history, at the price of a year; the test days pay their share.
- "Scaled to 1 % short": the last line at the least level that keeps to 1 % on the test days, with hindsight as the rival's.

Troubles: an order is refused (2 % on demand, 10 % spot), a node takes longer than the ten minutes of lead (by an exponential time, 30 % in
the mean). A spot pool is lost whole: the monthly share of AWS's interruption band (its upper end; 30 % for `>20%` and where nobody says) is
taken as the chance of the pool's loss in a month, and it stays sold out for an hour in the mean. Pools have no size limit.
Every node is billed from its launch until it is stopped or lost, at the price of its row in the catalogue. Figures are means over five
draws, none of them rehearsed.

Demand: requests per second at the estimated throughput of Llama-3.1-8B (catalogued in `lepton_infra/throughput`: 2,000 tokens in, 300 out),
or accelerators of 80 GB and more, one for one.

Run: python benchmarks/dollars.py [SERIES.csv:UNIT:TEST_DAYS ...], UNIT `rps` or `gpus`
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from math import ceil, isnan, log
from pathlib import Path
from statistics import fmean

import numpy as np
from market import offers, size_by
from mixed_fleet import Decide, Done, Mix, Offer, World, drive

from lepton_infra.catalog import Cloud, shipped_catalog
from lepton_infra.sizing import planner, policies
from lepton_infra.sizing.arrays import Ints
from lepton_infra.sizing.backtest import GAIN, MEMORY_DAYS, NOMINAL
from lepton_infra.sizing.forecast import Task, blended
from lepton_infra.sizing.forecasters import FORECASTERS
from lepton_infra.sizing.newsvendor import best_promise
from lepton_infra.sizing.series import DemandSeries
from lepton_infra.sizing.simulator import Setting, Span
from lepton_infra.sizing.source import read_series

ROOT = Path(__file__).parents[1]
SERIES = (f"{ROOT / 'stacks/demand/servegen_m_large_10min.csv'}:rps:4", f"{ROOT / 'benchmarks/series/helios_earth_10min.csv'}:gpus:7")
LEAD_MINUTES = 10
ALLOWED = 0.01
ALL_SPOT = "all on spot, largest pool to spare"
BARE = "all on spot, nothing to spare"
SPOT = {f"spot to {share:.0%}, largest pool to spare": share for share in (0.5, 0.9)} | {ALL_SPOT: 1.0}
"""Shares of what is held for that may stand on spot."""
MOST_POOLS, MOST_TYPES = 14, 3
SURVIVING = (0.5, 0.2)
"""Shares above the quantile of demand that is served while the largest pool is gone; which of them is found in the rehearsal."""
MIDDLE = 16
"""Level that a search begins at where nothing is known."""
PAST_SEEDS, SEEDS = (101, 102), range(1, 6)
"""Draws of the troubles: those rehearsed, and those of the test days, whose figures are means."""
MOST_RIVALS = 4
"""Machines that the rival is scaled on: those on which it costs least as written."""
WORKERS = 2
SCALES = tuple(round(1.25 - 0.05 * step, 2) for step in range(20))
"""What the rival's thresholds are multiplied by, the loosest first: 100/50 to 75 % first."""
UNITS = 4000
"""Grains that the peak is counted in, so that demand is not rounded to one machine's size."""


@dataclass(frozen=True, slots=True)
class Case:
    """A series with the quantiles to hold at every window, in grains."""

    setting: Setting
    hold: Ints
    past: Span
    test: Span

    @property
    def grain(self) -> float:
        """Return the demand that a grain is."""
        return self.setting.capacity


def case_of(series: DemandSeries, test_days: int) -> Case:
    """Forecast a series as `lepton backtest` does, with what forecasts it chosen before the test days."""
    values, season = series.values, series.season
    start = len(values) - test_days * season
    lead = ceil(LEAD_MINUTES * 60 / series.step_seconds)
    setting = Setting(values, float(np.nanmax(values[:start])) / UNITS, lead, 1, series.step_seconds / 3600)
    task = Task(values, season, (lead + 1,), NOMINAL, MEMORY_DAYS * season, GAIN)
    method = blended(replace(task, values=values[:start], gain=0.0), list(FORECASTERS))
    hold = planner.eased(setting, policies.wanted(setting, planner.ladder(task, method)))
    return Case(
        setting, hold, Span(max(min(3 * season, start // 2), start - MEMORY_DAYS * season), start), setting.last(test_days * season)
    )


def levelled(case: Case, rung: int, start: int, surviving: float) -> Decide:
    """Return what orders by the calibrated quantile: from a rung, and from window `start` on as the share of windows short asks for."""
    safe, top = int(np.argmin(np.abs(planner.TAILS - surviving))), len(planner.TAILS) - 1
    level, step = float(rung), planner.STEP_AFTER_VIOLATION / -log(float(planner.TAILS[1] / planner.TAILS[0]))

    def decide(place: int, demand: float, up: float, _held: float) -> tuple[float, float]:
        nonlocal level
        if place >= start and not isnan(demand):
            missed = demand > up * (1 + 1e-9)
            level = min(max(level + step * (missed - planner.SHARE_AIMED_AT * ALLOWED), 0.0), top)
        row = case.hold[place]
        return float(row[ceil(level)]) * case.grain, float(row[min(safe, ceil(level))]) * case.grain

    return decide


def thresholds(case: Case, offer: Offer, scale: float = 1.0) -> Decide:
    """Return 80/40 thresholds on one machine, the two and what they scale to all multiplied by `scale`."""
    policy = policies.thresholds(replace(case.setting, capacity=offer.capacity), 0.8 * scale, 0.4 * scale, 0.6 * scale)

    def decide(place: int, demand: float, up: float, held: float) -> tuple[float, float]:
        wanted = policy.decide(place, demand, round(up / offer.capacity), round(held / offer.capacity)) * offer.capacity
        return wanted, wanted

    return decide


def mean(runs: Sequence[Done]) -> Done:
    """Return the mean of several runs."""
    return Done(
        fmean(run.usd for run in runs),
        fmean(run.violated for run in runs),
        fmean(run.unserved for run in runs),
        np.mean([run.base for run in runs], axis=0),
        np.mean([run.serving for run in runs], axis=0),
    )


@dataclass(frozen=True, slots=True)
class Trial:
    """A mix and the level that rehearsal found for it."""

    mix: Mix
    surviving: float
    """Share above the quantile of demand that is served while the largest pool is gone, where that is asked for."""
    rung: int
    past: Done

    @property
    def rank(self) -> tuple[bool, float]:
        """Return what is least for the best: too many windows short or not, and dollars."""
        return self.past.violated > ALLOWED, self.past.usd


def rehearsed(case: Case, mix: Mix, near: int = MIDDLE) -> Trial:
    """Return a mix with the lowest level that would have done on the days before the test, in the mean of the draws rehearsed.

    Where the largest pool is to spare, it is taken every noon of the rehearsal. Levels are tried from one near which it is thought to be.
    """
    return min((_rehearsed(case, mix, each, near) for each in (SURVIVING if mix.survives else SURVIVING[:1])), key=lambda one: one.rank)


def _rehearsed(case: Case, mix: Mix, surviving: float, near: int) -> Trial:
    known: dict[int, Done] = {}

    def past(rung: int) -> Done:
        if rung not in known:
            decide = partial(levelled, case, rung, case.past.end, surviving)
            known[rung] = mean([drive(case.setting, mix, decide(), case.past, World(seed, mix.survives)) for seed in PAST_SEEDS])
        return known[rung]

    def does(rung: int) -> bool:
        return past(rung).violated <= planner.SHARE_AIMED_AT * ALLOWED

    found = lowest(lambda rung: past(rung).violated <= planner.SHARE_AIMED_AT * ALLOWED, near, case.hold.shape[1] - 1)
    return Trial(mix, surviving, found, past(found))


def lowest(does: Callable[[int], bool], near: int, top: int) -> int:
    """Return the lowest place up to `top` that does, `top` where none below it does; searched from a place outwards, doubling the steps."""
    low, high, step, tried = 0, top, 1, min(near, top - 1)
    fails = False
    while low < high:
        if does(tried):
            high = tried
        else:
            low, fails = tried + 1, True
        ends = fails and high < top
        tried = (low + high) // 2 if ends else max(high - step, low) if high < top else min(low - 1 + step, high - 1)
        step *= 2
    return low


def promised(case: Case, trial: Trial) -> Trial:
    """Return a mix with as many nodes of its base committed as the newsvendor says on what it rehearsed."""
    one = trial.mix.stood[0]
    if not one.committed_usd:
        return trial
    count = int(best_promise(trial.past.base, one.committed_usd / one.usd_per_hour))
    return rehearsed(case, replace(trial.mix, committed=count), trial.rung) if count else trial


def tested(case: Case, trial: Trial, *, noons: bool = False) -> Done:  # noqa: PT028 - no test of pytest's
    """Run the test days under several draws of the troubles, none of them rehearsed."""
    decide = partial(levelled, case, trial.rung, case.test.first, trial.surviving)
    return mean([drive(case.setting, trial.mix, decide(), case.test, World(seed, noons)) for seed in SEEDS])


def fitted(case: Case, trial: Trial) -> Trial:
    """Return a mix at the lowest level, the rehearsed one or above, that keeps to what is allowed on the test days: with hindsight."""
    rungs = (replace(trial, rung=rung) for rung in range(trial.rung, case.hold.shape[1]))
    return next((one for one in rungs if tested(case, one).violated <= ALLOWED), trial)


def rivals(case: Case, on_demand: Sequence[Offer]) -> tuple[tuple[Offer, Done], tuple[Offer, float, Done]]:
    """Return 80/40 thresholds on the type that they cost least on, and scaled to the share of windows short that is allowed.

    Both are chosen on the test days, with hindsight: nothing that they could have been set to does better.
    """

    def run(offer: Offer, scale: float, seeds: Sequence[int] = SEEDS) -> Done:
        return mean([drive(case.setting, Mix((offer,)), thresholds(case, offer, scale), case.test, World(seed)) for seed in seeds])

    written = sorted(((run(offer, 1.0, SEEDS[:1]).usd, place) for place, offer in enumerate(on_demand)))
    few = [on_demand[place] for _, place in written[:MOST_RIVALS]]
    first = min(((one, run(one, 1.0)) for one in few), key=lambda pair: pair[1].usd)
    tuned: list[tuple[Offer, float, Done]] = []
    for one in few:
        made = ((one, scale, run(one, scale)) for scale in SCALES)
        tuned += [next((each for each in made if each[2].violated <= ALLOWED), (one, SCALES[-1], run(one, SCALES[-1])))]
    return first, min(tuned, key=lambda each: (each[2].violated > ALLOWED, each[2].usd))


def stood(case: Case, on_demand: Sequence[Offer]) -> tuple[Offer, ...]:
    """Return the on-demand types worth having: that a unit costs least on, and smaller ones for what is left beside whole nodes."""
    usual = float(np.nanmean(case.setting.values[case.past.first : case.past.end]))
    few: list[Offer] = []
    for one in sorted(on_demand, key=lambda one: (one.usd_per_unit, one.capacity, one.name)):
        if one.capacity <= min([usual, *(each.capacity / 2 for each in few)]):
            few.append(one)
    return tuple(few[:MOST_TYPES])


def pools(types: Sequence[Offer], spot: Sequence[Offer]) -> tuple[Offer, ...]:
    """Return the cheapest spot pools, one size of each, those only that cost less than on demand."""
    found: dict[str, Offer] = {}
    for one in sorted(spot, key=lambda one: (one.usd_per_unit, one.capacity, one.name)):
        if one.usd_per_unit < types[0].usd_per_unit:
            found.setdefault(one.market, one)
    return tuple(found.values())[:MOST_POOLS]


def ladder(case: Case, single: Offer, on_demand: Sequence[Offer], spot: Sequence[Offer]) -> Iterator[tuple[str, Trial]]:
    """Yield the levers one after another, each with the best of what it adds and what stood before it."""
    best = rehearsed(case, Mix((single,)))
    yield "forecast and margin, same machine", best
    types = stood(case, on_demand)
    best = min(best, rehearsed(case, Mix(types), best.rung), key=lambda trial: trial.rank)
    yield "best on-demand mix", best
    sold = pools(types, spot)
    mixes = [Mix(types)]
    for name, share in SPOT.items() if sold else ():
        mixes.append(Mix(types, sold, share, survives=True))
        best = min(best, rehearsed(case, mixes[-1], best.rung), key=lambda trial: trial.rank)
        yield name, best
    first = min((one for one in on_demand if one.committed_usd), key=lambda one: (one.committed_usd or 0) / one.capacity, default=None)
    if first:
        base = (first, *(one for one in types if one is not first and one.capacity <= first.capacity))
        tried = (promised(case, rehearsed(case, replace(mix, stood=base), best.rung)) for mix in mixes)
        yield "commitments for a year", min(best, *tried, key=lambda trial: trial.rank)
    if sold:
        yield BARE, rehearsed(case, replace(mixes[-1], survives=False), best.rung)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table."""

    name: str
    done: Done
    words: str
    noons: Done | None = None
    """The same with the largest spot pool taken every noon."""


def table(case: Case, unit: str, clouds: tuple[Cloud, ...]) -> list[Row]:
    """Return the lines of a series on some clouds: both rivals first."""
    on_demand, spot = offers(shipped_catalog(), clouds, size_by(unit))
    written, (offer, scale, tuned) = rivals(case, on_demand)
    scaled = f"{offer.name} at {80 * scale:.0f}/{40 * scale:.0f}, to {60 * scale:.0f} %"
    rows = [Row("80/40 as written", written[1], written[0].name), Row("the same, scaled to 1 % short", tuned, scaled)]
    last: Trial | None = None
    for name, trial in ladder(case, written[0], on_demand, spot):
        rows.append(Row(name, tested(case, trial), trial.mix.words, tested(case, trial, noons=True) if trial.mix.spot else None))
        last = trial if name != BARE else last
    if last:
        exact = fitted(case, last)
        rows.append(Row("the last, scaled to 1 % short", tested(case, exact), f"level moved by {exact.rung - last.rung} rungs"))
    return rows


def case_in(text: str) -> tuple[Case, str]:
    """Read what the command line says of a series."""
    file, unit, days = text.rsplit(":", 2)
    return case_of(read_series(Path(file)).recent().windows(), int(days)), unit


def work(job: tuple[str, tuple[Cloud, ...]]) -> list[Row]:
    """Make one table, in a process of its own."""
    case, unit = case_in(job[0])
    return table(case, unit, job[1])


def show(rows: Sequence[Row]) -> None:
    """Print a table with the changes against each rival."""
    print(f"  {'':36} {'dollars':>10} {'short':>6} {'unmet':>6} {'to 80/40':>8} {'at 1 %':>7} {'noons: short, unmet':>20}")
    written, tuned = rows[0].done.usd, rows[1].done.usd
    for row in rows:
        usd = row.done.usd
        noons = f"{row.noons.violated:6.2%} {row.noons.unserved:6.2%}" if row.noons else ""
        changes = f"{usd / written - 1:+8.1%} {usd / tuned - 1:+7.1%} {noons:>20}"
        print(f"  {row.name:36} ${usd:9,.0f} {row.done.violated:6.2%} {row.done.unserved:6.2%} {changes}  {row.words}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("series", nargs="*", default=list(SERIES), help="file, unit of demand and days to test on")
    given = parser.parse_args()
    begun = time.perf_counter()
    sets = {**{cloud.value: (cloud,) for cloud in Cloud}, "all three": tuple(Cloud)}
    jobs = [(text, clouds) for text in given.series for clouds in sets.values()]
    with ProcessPoolExecutor(WORKERS) as pool:
        for (text, clouds), rows in zip(jobs, pool.map(work, jobs), strict=True):
            name = next(name for name, those in sets.items() if those == clouds)
            print(f"{Path(text.rsplit(':', 2)[0]).name}, {name}")
            show(rows)
    print(f"{time.perf_counter() - begun:.0f} s; target: -60 %")


if __name__ == "__main__":
    main()
