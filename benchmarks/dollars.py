"""Dollars: our planner on a mixed fleet beside 80/40 thresholds on the best single on-demand type, on the same troubled days.

Ours orders by the calibrated quantile. Up to half of it stands on spot, spread evenly over pools (a machine type in one of at most three
zones), the rest on one on-demand type. There are nodes enough that with the largest spot pool gone the demand to be expected is still
served. Part of the on-demand nodes is committed for a year where that is sold for the machine, as many as the newsvendor says on the
history; the test days pay their share of it, so that figure holds if demand stays as it was; the one without stands before it.
Which machines, which pools and which level is settled on the days before the test, by rehearsing each mix there.
The rival scales out above 80 % and in below 40 %, to 60 %, on the on-demand type that would have cost it least on those same days.

Troubles, the same rates for both: an order is refused (2 % on demand, 10 % spot), a node takes longer than the ten minutes of lead (by an
exponential time, 30 % in the mean). A spot pool is lost whole: the monthly share of AWS's interruption band (its upper end; 30 % for `>20%`
and where nobody says) is taken as the chance of the pool's loss in a month, and it stays sold out for an hour in the mean.
Every node is billed from its launch until it is stopped or lost, at the price of its row in the catalogue.
Figures are means over five draws.

Demand: requests per second at the estimated throughput of Llama-3.1-8B (catalogued in `lepton_infra/throughput`: 2,000 tokens in, 300 out),
or accelerators of 80 GB and more, one for one.

Run: python benchmarks/dollars.py [SERIES.csv:UNIT:TEST_DAYS ...], UNIT `rps` or `gpus`
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import ceil, isnan, log
from pathlib import Path
from statistics import fmean

import numpy as np

from lepton_infra.catalog import Catalog, Cloud, Interruption, Machine, machine_zones, shipped_catalog, zones
from lepton_infra.sizing import planner, policies
from lepton_infra.sizing.arrays import Floats, Ints
from lepton_infra.sizing.backtest import GAIN, MEMORY_DAYS, NOMINAL
from lepton_infra.sizing.forecast import Task, blended
from lepton_infra.sizing.forecasters import FORECASTERS
from lepton_infra.sizing.series import DemandSeries
from lepton_infra.sizing.simulator import Setting, Span, Trouble, score, simulate
from lepton_infra.sizing.source import read_series

ROOT = Path(__file__).parents[1]
SERIES = (f"{ROOT / 'stacks/demand/servegen_m_large_10min.csv'}:rps:4", f"{ROOT / 'benchmarks/series/helios_earth_10min.csv'}:gpus:7")
RPS = {"H100": 12.6, "H200": 14.4, "B200": 27.5, "A100-80GB": 4.4, "RTXPRO6000": 5.5, "L40S": 1.9}
"""Requests per second of one accelerator under a second 2 to the first token and 50 ms to each after it (aiconfigurator 0.12.0)."""
LARGE = ("A100-80GB", "H100", "H100-NVL", "H200", "B200")
"""Accelerators of 80 GB and more."""
MONTHLY = {Interruption.UNDER_5: 0.05, Interruption.UNDER_10: 0.10, Interruption.UNDER_15: 0.15, Interruption.UNDER_20: 0.20}
MOST_MONTHLY = 0.30
HOURS_PER_MONTH = 730
LEAD_MINUTES = 10
ALLOWED = 0.01
REFUSED, REFUSED_SPOT, JITTER = 0.02, 0.10, 0.3
SOLD_OUT_HOURS = 1.0
SPOT_SHARE = 0.5
SURVIVING = 0.5
"""Share above the quantile of demand that is served while the largest spot pool is gone."""
MOST_ZONES = 3
PAST_SEED, SEEDS = 0, range(1, 6)
"""Draws of the troubles: the one that is rehearsed, and those of the test days, whose figures are means."""
UNITS = 4000
"""Grains that the peak is counted in, so that demand is not rounded to one machine's size."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A machine at a price."""

    name: str
    capacity: float
    """Demand that it serves."""
    usd_per_hour: float
    loss_per_hour: float
    """Chance that all of its pool is lost within an hour; 0 on demand."""
    refused: float
    """Chance that an order is refused."""
    committed_usd: float | None = None
    """Dollars per hour under the cheapest commitment; None where none is sold."""

    @property
    def usd_per_unit(self) -> float:
        """Return the price of serving one unit of demand."""
        return self.usd_per_hour / self.capacity


@dataclass(frozen=True, slots=True)
class Mix:
    """What a fleet is made of."""

    base: Offer
    spot: tuple[Offer, ...]
    committed: int = 0
    """Nodes of the base that are paid for whether they run or not."""

    def split(self, demand: float, surviving: float, sold_out: list[bool]) -> list[int]:
        """Return nodes of the base and of each spot pool that serve `demand`, and `surviving` without the largest pool."""
        there = sum(not gone for gone in sold_out)
        part = min(SPOT_SHARE * demand, max(demand - self.committed * self.base.capacity, 0.0))
        nodes = [0 if gone else int(part / there / one.capacity) for one, gone in zip(self.spot, sold_out, strict=True)]
        sizes = [count * one.capacity for count, one in zip(nodes, self.spot, strict=True)]
        rest = max(demand - sum(sizes), surviving - sum(sizes) + max(sizes, default=0.0))
        return [max(ceil(rest / self.base.capacity - 1e-9), self.committed, 1), *nodes]

    @property
    def words(self) -> str:
        """Return what it is, in words."""
        committed = f", {self.committed} committed" if self.committed else ""
        return " + spot ".join([f"{self.base.name}{committed}", *(one.name for one in self.spot)])


@dataclass(slots=True)
class Pool:
    """Nodes of one offer."""

    offer: Offer
    ready: int = 0
    orders: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    back: int = 0
    """Window from which it is sold again."""

    @property
    def held(self) -> int:
        """Return the nodes that are paid for."""
        return self.ready + sum(count for _, count in self.orders)

    def begin(self, place: int, rng: np.random.Generator, hours: float) -> None:
        """Let nodes come up, and lose the pool if that is its hour."""
        self.ready += sum(count for when, count in self.orders if when <= place)
        self.orders = [order for order in self.orders if order[0] > place]
        if self.offer.loss_per_hour and rng.random() < 1 - (1 - self.offer.loss_per_hour) ** hours:
            self.ready, self.orders = 0, []
            self.back = place + 1 + int(rng.exponential(SOLD_OUT_HOURS / hours))

    def hold(self, wanted: int, place: int, lead: int, rng: np.random.Generator) -> None:
        """Order what is missing, or stop what is too much, the youngest first."""
        if wanted > self.held and rng.random() >= self.offer.refused:
            self.orders.append((place + 1 + ceil(lead * (1 + rng.exponential(JITTER))), wanted - self.held))
        surplus = self.held - wanted
        while surplus > 0 and self.orders:
            when, count = self.orders.pop()
            if count > surplus:
                self.orders.append((when, count - surplus))
            surplus -= min(count, surplus)
        self.ready -= max(surplus, 0)


@dataclass(frozen=True, slots=True)
class Done:
    """How a fleet did."""

    usd: float
    violated: float
    base: Floats
    """Nodes of the base that were wanted, by window from the first on."""
    serving: Floats
    """Demand that could have been served, by window of the span."""


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
    return Case(setting, hold, Span(min(3 * season, start // 2), start), setting.last(test_days * season))


def drive(case: Case, mix: Mix, rung: int, start: int, seed: int, span: Span) -> Done:
    """Run a mix from the first window to the end of a span, its level fixed before window `start` and kept from then on."""
    rng, setting = np.random.default_rng(seed), case.setting
    pools = [Pool(offer) for offer in (mix.base, *mix.spot)]
    safe = int(np.argmin(np.abs(planner.TAILS - SURVIVING)))
    level, step = float(rung), planner.STEP_AFTER_VIOLATION / -log(float(planner.TAILS[1] / planner.TAILS[0]))
    usd, short, known, base, serving = 0.0, 0, 0, np.zeros(span.end), np.zeros(span.end)
    for place, demand in enumerate(setting.values[: span.end].tolist()):
        for pool in pools:
            pool.begin(place, rng, setting.hours_per_window)
        serving[place] = sum(pool.ready * pool.offer.capacity for pool in pools)
        missed = not isnan(demand) and demand > serving[place] * (1 + 1e-9)
        if place >= start and not isnan(demand):
            level = min(max(level + step * (missed - planner.SHARE_AIMED_AT * ALLOWED), 0.0), len(planner.TAILS) - 1)
        if place >= span.first and not isnan(demand):
            usd += bill(pools, mix) * setting.hours_per_window
            short, known = short + missed, known + 1
        grains = case.hold[place, ceil(level)], case.hold[place, min(safe, ceil(level))]
        nodes = mix.split(float(grains[0]) * case.grain, float(grains[1]) * case.grain, [pool.back > place for pool in pools[1:]])
        base[place] = nodes[0]
        for pool, wanted in zip(pools, nodes, strict=True):
            pool.hold(wanted, place, setting.lead, rng)
    return Done(usd, short / max(known, 1), base, serving[span.first :])


def bill(pools: list[Pool], mix: Mix) -> float:
    """Return dollars per hour for what is held; what is committed is paid for whether it runs or not."""
    paid = mix.committed * (mix.base.committed_usd or 0.0) + max(pools[0].held - mix.committed, 0) * mix.base.usd_per_hour
    return paid + sum(pool.held * pool.offer.usd_per_hour for pool in pools[1:])


def rehearsed(case: Case, mix: Mix) -> tuple[Mix, int, Done]:
    """Return a mix with its commitments, the lowest level that would have done on the past, and what it would have come to."""
    low, high = 0, case.hold.shape[1] - 1

    def past(rung: int, one: Mix = mix) -> Done:
        return drive(case, one, rung, case.past.end, PAST_SEED, case.past)

    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if past(middle).violated <= planner.SHARE_AIMED_AT * ALLOWED else (middle + 1, high)
    bare = past(low)
    if not mix.base.committed_usd:
        return mix, low, bare
    need = bare.base[case.past.first :]
    promised = replace(mix, committed=int(np.quantile(need, 1 - mix.base.committed_usd / mix.base.usd_per_hour, method="lower")))
    return promised, low, past(low, promised)


def ours(case: Case, on_demand: list[Offer], spot: list[Offer]) -> tuple[Mix, int]:
    """Choose a mix by rehearsal, with what the newsvendor would have committed of it, and the level to begin at."""
    trials = [rehearsed(case, mix) for mix in mixes(case, on_demand, spot)]
    best = min(trials, key=lambda trial: (trial[2].violated > ALLOWED, trial[2].usd))
    return best[:2]


def tested(case: Case, choice: tuple[Mix, int]) -> Done:
    """Run the test days under several draws of the troubles, none of them rehearsed."""
    return mean([drive(case, *choice, case.test.first, seed, case.test) for seed in SEEDS])


def mean(runs: list[Done]) -> Done:
    """Return the mean of several runs."""
    served = np.asarray(np.mean([run.serving for run in runs], axis=0), dtype=np.float64)
    return Done(fmean(run.usd for run in runs), fmean(run.violated for run in runs), runs[0].base, served)


def mixes(case: Case, on_demand: list[Offer], spot: list[Offer]) -> Iterator[Mix]:
    """Yield the mixes worth rehearsing: the on-demand types that would be cheapest alone, each with none to four spot pools."""
    past = case.setting.values[case.past.first : case.past.end]
    usual = float(np.nanmean(past))

    def alone(offer: Offer) -> float:
        return float(np.nansum(np.ceil(past / offer.capacity))) * offer.usd_per_hour

    for base in sorted(on_demand, key=alone)[:2]:
        yield Mix(base, ())
        for count in (1, 2, 3, 6):
            small = [one for one in spot if one.capacity <= SPOT_SHARE * usual / count]
            cheapest = sorted(small, key=lambda one: one.usd_per_unit)[:count]
            if len(cheapest) == count and cheapest[0].usd_per_unit < base.usd_per_unit:
                yield Mix(base, tuple(cheapest))


def rival(case: Case, on_demand: list[Offer]) -> tuple[Offer, Done]:
    """Run 80/40 thresholds on the type that would have cost them least on the past."""

    def run(offer: Offer, seed: int, span: Span) -> Done:
        setting = replace(case.setting, capacity=offer.capacity)
        ran = simulate(setting, policies.thresholds(setting), Trouble(0.0, offer.refused, JITTER, seed))
        done, serving = score(setting, ran, span), ran.serving.astype(np.float64)
        return Done(done.node_hours * offer.usd_per_hour, done.violated, serving, serving[span.first : span.end] * offer.capacity)

    best = min(on_demand, key=lambda offer: run(offer, PAST_SEED, case.past).usd)
    return best, mean([run(best, seed, case.test) for seed in SEEDS])


def offers(catalog: Catalog, clouds: tuple[Cloud, ...], size: Callable[[Machine], float]) -> tuple[list[Offer], list[Offer]]:
    """Return what can be had on demand and as spot in the region of each cloud where a unit of demand costs least on demand."""
    where = regions(catalog.machines, size)
    sold = [(one, size(one)) for one in catalog.machines if one.cloud in clouds and one.region == where[one.cloud] and size(one)]
    on_demand = [
        Offer(
            f"{one.name} ({one.region})",
            fits,
            one.usd_per_hour,
            0.0,
            REFUSED,
            min((term.usd_per_hour for term in catalog.commitments(one) if term.years == 1), default=None),
        )
        for one, fits in sold
        if one.on_demand
    ]
    spot = [
        Offer(f"{one.name} ({zone})", fits, one.spot_usd_per_hour, hourly(one.interruption), REFUSED_SPOT)
        for one, fits in sold
        if one.spot_usd_per_hour and one.spot_usd_per_hour < one.usd_per_hour
        for zone in zones_of(one)
    ]
    return on_demand, spot


def zones_of(machine: Machine) -> tuple[str, ...]:
    """Return the zones that a machine is bought in: those that offer it, or else those of its region, or else the region as one."""
    known = machine_zones(machine) or zones(machine.cloud, machine.region)
    return (known.names if known else ())[:MOST_ZONES] or (machine.region,)


def hourly(band: Interruption | None) -> float:
    """Return the chance of a loss within an hour that comes to the band's within a month."""
    return 1 - (1 - (MONTHLY.get(band, MOST_MONTHLY) if band else MOST_MONTHLY)) ** (1 / HOURS_PER_MONTH)


def regions(machines: Sequence[Machine], size: Callable[[Machine], float]) -> dict[Cloud, str]:
    """Return the region of each cloud where a unit of demand costs least on demand."""
    fit = [one for one in machines if one.on_demand and size(one)]
    return {
        cloud: min((one for one in fit if one.cloud is cloud), key=lambda one: (one.usd_per_hour / size(one), one.region)).region
        for cloud in Cloud
    }


def size_by(unit: str) -> Callable[[Machine], float]:
    """Return what says how much demand a machine serves; 0 for a machine that does not serve it."""

    def size(one: Machine) -> float:
        if unit == "rps":
            return one.gpus * RPS.get(one.gpu or "", 0.0)
        return one.gpus if one.gpu in LARGE else 0.0

    return size


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("series", nargs="*", default=list(SERIES), help="file, unit of demand and days to test on")
    given = parser.parse_args()
    catalog = shipped_catalog()
    begun = time.perf_counter()
    for text in given.series:
        file, unit, days = text.rsplit(":", 2)
        case, size = case_of(read_series(Path(file)).recent().windows(), int(days)), size_by(unit)
        print(f"{Path(file).name}: last {days} days, {LEAD_MINUTES} min lead, {ALLOWED:.0%} of windows may be short")
        heads = " ".join(f"{name:>9} {'short':>6} {'change':>7}" for name in ("lepton", "committed"))
        print(f"{'clouds':10} {'thresholds':>10} {'short':>6} {heads}")
        for names, clouds in {**{cloud.value: (cloud,) for cloud in Cloud}, "all three": tuple(Cloud)}.items():
            on_demand, spot = offers(catalog, clouds, size)
            single, theirs = rival(case, on_demand)
            bare = [replace(offer, committed_usd=None) for offer in on_demand]
            plain = ours(case, bare, spot)
            choice = plain if bare == on_demand else ours(case, on_demand, spot)
            without, mine = tested(case, plain), tested(case, choice)
            figures = " ".join(f"${one.usd:8,.0f} {one.violated:6.2%} {one.usd / theirs.usd - 1:+7.1%}" for one in (without, mine))
            print(f"{names:10} ${theirs.usd:9,.0f} {theirs.violated:6.2%} {figures}")
            print(f"{'':10} {single.name} -> {plain[0].words}")
            if choice != plain:
                print(f"{'':10} or {choice[0].words}")
    print(f"{time.perf_counter() - begun:.1f} s; target: -60 %")


if __name__ == "__main__":
    main()
