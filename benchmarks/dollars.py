"""Dollars: our planner on a mixed fleet beside 80/40 thresholds on the best single on-demand type, on the same troubled days.

A table for each series and set of clouds, one lever after another. Each line keeps the better of what it adds and what stood before:

- The rivals: 80/40 scaling to 60 % on the type that it costs least on, however often it is short; and the same shape scaled up or down, on
  the type and at the scale that cost least within 1 % of windows short. Type and scale are chosen on the test days, with hindsight.
- Ours is chosen on the days before the test: levels and surplus are those that cost least in a rehearsal there within 1 %.
- What to hold is asked of `lepton_infra.sizing.packing.replan` in every window: of a few on-demand types and the cheapest spot pools, given
  what runs, what is sold out and what refuses. A pool is one kind of accelerator in one zone, whatever the machine's size, in the regions
  that share the first word of the name with the region of each cloud where a unit costs least on demand.
- "Largest pool to spare": without it the fleet still serves what demand is expected to be, its median, or its 80 % quantile where the
  median does not do in the rehearsal. Surplus and the forecast's margin are one stock, not two: what serves the median after a loss serves
  a burst before it. The promise is that of the windows: in the rehearsal the largest pool is taken every noon, and no more than 1 % may be
  short all the same. The last columns say how that went on the test days, in the mean of two draws.
- "All on spot": on demand is bought only when spot refuses or is sold out, as SkyServe's dynamic fallback does. Nothing in the sources says
  that all pools of two clouds go at once; who fears it keeps a tenth on demand, the line above.
- "Nothing to spare": only the chance of a loss counts, and that of a pool in a given half hour is far below 1 %. A loss then goes deep.
- Commitments: as many nodes of the first type as the newsvendor says on the history, at the price of a year; the test days pay their share.
- "Scaled to 1 % short": the best line at the least level that keeps to 1 % on the test days, with hindsight as the rival's.

Under each table stands where the dollars of the fleet with a tenth on demand go (`waterfall.py`), with the change against the second rival.

Troubles: an order is refused (2 % on demand, 10 % spot), a node takes longer than the ten minutes of lead (by an exponential time, 30 % in
the mean). A spot pool is lost whole: the monthly share of AWS's interruption band (its upper end; 30 % for `>20%` and where nobody says) is
taken as the chance of the pool's loss in a month, and it stays sold out for an hour in the mean. Pools have no size limit.
Every node is billed from its launch until it is stopped or lost, at the price of its row in the catalogue. Figures are means over five
draws, none of them rehearsed.

Demand: requests per second at the estimated throughput of Llama-3.1-8B (catalogued in `lepton_infra/throughput`: 2,000 tokens in, 300 out),
or accelerators of 80 GB and more, one for one.

Run: python benchmarks/dollars.py [SERIES.csv:UNIT:TEST_DAYS ...] [--kinds SEED], UNIT `rps` or `gpus`; `--kinds` runs the seeded kinds of
demand of `sizing_families.py` on all three clouds instead, which nothing here was looked at with
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from market import offers, size_by
from mixed_fleet import Decide, Done, Mix, Offer, World, drive
from sizing_families import FAMILIES
from trials import ALLOWED, SEEDS, Case, Trial, case_of, fitted, mean, promised, rehearsed, tested
from waterfall import Fall, falls

from lepton_infra.catalog import Cloud, shipped_catalog
from lepton_infra.sizing import policies
from lepton_infra.sizing.source import read_series

ROOT = Path(__file__).parents[1]
SERIES = (f"{ROOT / 'stacks/demand/servegen_m_large_10min.csv'}:rps:4", f"{ROOT / 'benchmarks/series/helios_earth_10min.csv'}:gpus:7")
MOST = 0.9
MOST_SPOT = "spot to 90 %, largest pool to spare"
COMMITTED = "commitments for a year"
BARE = "all on spot, nothing to spare"
SPOT = {"spot to 50 %, largest pool to spare": 0.5, MOST_SPOT: MOST, "all on spot, largest pool to spare": 1.0}
"""Shares of what is held for that may stand on spot; what spot refuses is bought on demand whatever the share."""
MOST_POOLS, MOST_TYPES = 14, 3
"""Spot pools and on-demand types that a fleet is made of at most."""
MOST_RIVALS = 4
"""Machines that the rival is scaled on: those on which it costs least as written."""
KIND = "kind"
WORKERS = 2
SCALES = tuple(round(1.25 - 0.05 * step, 2) for step in range(20))
"""What the rival's thresholds are multiplied by, the loosest first: 100/50 to 75 % first."""


def thresholds(case: Case, offer: Offer, scale: float = 1.0) -> Decide:
    """Return 80/40 thresholds on one machine, the two and what they scale to all multiplied by `scale`."""
    policy = policies.thresholds(replace(case.setting, capacity=offer.capacity), 0.8 * scale, 0.4 * scale, 0.6 * scale)

    def decide(place: int, demand: float, up: float, held: float) -> tuple[float, float]:
        wanted = policy.decide(place, demand, round(up / offer.capacity), round(held / offer.capacity)) * offer.capacity
        return wanted, wanted

    return decide


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


def stood(on_demand: Sequence[Offer], most: float) -> tuple[Offer, ...]:
    """Return the on-demand types worth having: that a unit costs least on, and smaller ones for what is left beside whole nodes."""
    few: list[Offer] = []
    for one in sorted(on_demand, key=lambda one: (one.usd_per_unit, one.capacity, one.name)):
        if one.capacity <= min([most, *(each.capacity / 2 for each in few)]):
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
    types = stood(on_demand, float(np.nanmean(case.setting.values[case.past.first : case.past.end])))
    best = min(best, rehearsed(case, Mix(types), best.rung), key=lambda trial: trial.rank)
    yield "best on-demand mix", best
    sold = pools(types, spot)
    mixes = [Mix(types)]
    for name, share in SPOT.items() if sold else ():
        mixes.append(Mix(types, sold, share, survives=True))
        made = rehearsed(case, mixes[-1], best.rung)
        best = min(best, made, key=lambda trial: trial.rank)
        yield name, best
    first = min((one for one in on_demand if one.committed_usd), key=lambda one: (one.committed_usd or 0) / one.capacity, default=None)
    if first:
        base = (first, *(one for one in types if one is not first and one.capacity <= first.capacity))
        tried = (promised(case, rehearsed(case, replace(mix, stood=base), best.rung)) for mix in mixes if mix.share in {0.0, MOST})
        yield COMMITTED, min(best, *tried, key=lambda trial: trial.rank)
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


@dataclass(frozen=True, slots=True)
class Table:
    """What is found of a series on some clouds."""

    rows: list[Row]
    """Both rivals first."""
    falls: list[Fall]
    """Where the dollars of the fleet with the most on spot go; none where no spot is sold."""
    pools: str
    """The spot pools, in words."""


def table(case: Case, unit: str, clouds: tuple[Cloud, ...]) -> Table:
    """Return what is found of a series on some clouds."""
    on_demand, spot = offers(shipped_catalog(), clouds, size_by(unit))
    written, (offer, scale, tuned) = rivals(case, on_demand)
    scaled = f"{offer.name} at {80 * scale:.0f}/{40 * scale:.0f}, to {60 * scale:.0f} %"
    rows = [Row("80/40 as written", written[1], written[0].name), Row("the same, scaled to 1 % short", tuned, scaled)]
    last, steps, names = None, list[Fall](), ""
    for name, trial in ladder(case, written[0], on_demand, spot):
        rows.append(Row(name, tested(case, trial), trial.mix.words, tested(case, trial, noons=True) if trial.mix.spot else None))
        last = trial if name != BARE else last
        if name == MOST_SPOT:
            steps, names = list(falls(case, trial)), ", ".join(one.name for one in trial.mix.spot)
    if last:
        exact = fitted(case, last)
        rows.append(Row("the last, scaled to 1 % short", tested(case, exact), f"level moved by {exact.rung - last.rung} rungs"))
    return Table(rows, steps, names)


def case_in(text: str) -> tuple[Case, str]:
    """Read what the command line says of a series: a file, or a kind of demand with its seed."""
    first, second, third = text.rsplit(":", 2)
    if first != KIND:
        return case_of(read_series(Path(first)).recent().windows(), int(third)), second
    kind = next(one for one in FAMILIES if one.name == second)
    return case_of(kind.series(int(third)), kind.test_days), "rps" if "clients" in second else "gpus"


def work(job: tuple[str, tuple[Cloud, ...]]) -> Table:
    """Make one table, in a process of its own."""
    case, unit = case_in(job[0])
    return table(case, unit, job[1])


def show(found: Table) -> None:
    """Print a table with the changes against each rival."""
    rows = found.rows
    print(f"  {'':36} {'dollars':>10} {'short':>6} {'unmet':>6} {'to 80/40':>8} {'at 1 %':>7} {'noons: short, unmet':>20}")
    written, tuned = rows[0].done.usd, rows[1].done.usd
    for row in rows:
        usd = row.done.usd
        noons = f"{row.noons.violated:6.2%} {row.noons.unserved:6.2%}" if row.noons else ""
        changes = f"{usd / written - 1:+8.1%} {usd / tuned - 1:+7.1%} {noons:>20}"
        print(f"  {row.name:36} ${usd:9,.0f} {row.done.violated:6.2%} {row.done.unserved:6.2%} {changes}  {row.words}")
    if found.falls:
        print(f"  spot pools: {found.pools}\n  {MOST_SPOT!r}, one burden after another:")
    for before, after in zip([None, *found.falls], found.falls, strict=False):
        more = after.usd - (before.usd if before else 0.0)
        print(f"    {after.name:34} {more:+10,.0f} = ${after.usd:9,.0f} {after.usd / tuned - 1:+7.1%} {after.violated:6.2%} short")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("series", nargs="*", default=list(SERIES), help="file, unit of demand and days to test on")
    parser.add_argument("--kinds", type=int, metavar="SEED", help="run the seeded kinds of demand instead")
    given = parser.parse_args()
    begun = time.perf_counter()
    sets = {"all three": tuple(Cloud), **{cloud.value: (cloud,) for cloud in Cloud}}
    jobs = [(text, clouds) for clouds in sets.values() for text in given.series]
    if given.kinds is not None:
        jobs = [(f"{KIND}:{one.name}:{given.kinds}", tuple(Cloud)) for one in FAMILIES]
    with ProcessPoolExecutor(WORKERS) as pool:
        for (text, clouds), found in zip(jobs, pool.map(work, jobs), strict=True):
            name = next(name for name, those in sets.items() if those == clouds)
            print(f"{Path(text.rsplit(':', 2)[0]).name if given.kinds is None else text}, {name}", flush=True)
            show(found)
    print(f"{time.perf_counter() - begun:.0f} s; target: -60 %")


if __name__ == "__main__":
    main()
