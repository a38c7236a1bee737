"""The case study of the source articles on recorded demand: peak capacity +30 %, off-peak utilisation +20 %, cost -15 %.

The articles report these against reactive scaling and give neither trace nor fleet. What is compared here:

- The baseline: scale out above 80 % and in below 40 %, to 60 %, on the best single on-demand type, chosen on the test days with hindsight.
- Ours: the planner of `dollars.py`, whose troubles, prices and billing both have, with the largest pool to spare where spot is bought. How
  much of it is spot, and whether machines are of all sizes or small ones only, is found on the days before the test: the most of the three
  targets met there, then the least that is missing. No commitments.
- Cost: dollars of the test days.
- Peak capacity: how much more demand, the same curve scaled up, ours serves for the baseline's dollars with no more windows short than
  the larger of the baseline's share and 1 %.
- Off-peak utilisation: demand over what the nodes up could serve, mean of the eight quietest hours of each test day.

"The margin alone" says how far utilisation can go while 1 % of windows may be short: the forecast's margin at the level rehearsed, with
nodes as small as one likes, nothing to spare and nothing going wrong. What is above that only a better forecast can reach.

All machines are AWS's, in the region where they cost least. The Azure trace of requests is one hour long, too short for any of this.

Run: python benchmarks/case_study.py [SERIES.csv:UNIT:TEST_DAYS ...], UNIT `rps` or `gpus`
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from dollars import SERIES, SPOT, case_in, pools, rivals, stood, thresholds
from market import offers, size_by
from mixed_fleet import Done, Mix, Offer, World, drive
from trials import ALLOWED, PAST_SEEDS, SEEDS, Case, Trial, levelled, mean, rehearsed, tested

from lepton_infra.catalog import Cloud, shipped_catalog
from lepton_infra.sizing.simulator import Span

QUIET_HOURS = 8
SMALL = 1 / 16
"""Share of usual demand that a small machine serves at most."""
TARGETS = {"peak capacity": 0.30, "off-peak utilisation": 0.20, "cost": -0.15}
STEPS = 7
TO_SPARE = 1.5
"""By how much a target counts as met in the rehearsal, whose days are not those of the test."""


@dataclass(frozen=True, slots=True)
class Found:
    """One figure of the three."""

    name: str
    before: str
    after: str
    change: float

    @property
    def met(self) -> bool:
        """Say whether it beats its target."""
        target = TARGETS[self.name]
        return self.change <= target if target < 0 else self.change >= target


def off_peak(case: Case, done: Done, span: Span) -> float:
    """Return utilisation in the quietest hours of each day of a span."""
    day = round(24 / case.setting.hours_per_window)
    whole = (span.end - span.first) // day * day
    demand, serving = case.setting.values[span.end - whole : span.end], done.serving[len(done.serving) - whole :]
    per_hour = day // 24
    used = (np.minimum(demand, serving) / serving).reshape(-1, 24, per_hour)
    hours = np.nanmean(demand.reshape(-1, 24, per_hour), axis=2)
    quiet = np.argsort(hours, axis=1)[:, :QUIET_HOURS]
    return float(np.nanmean(np.take_along_axis(used, quiet[:, :, None], axis=1)))


def changes(case: Case, mine: Done, theirs: Done, span: Span) -> dict[str, float]:
    """Return what changes by how much on a span; capacity for the same dollars as if the bill grew with demand."""
    cost = mine.usd / theirs.usd
    busy = off_peak(case, mine, span) / off_peak(case, theirs, span)
    return {"peak capacity": 1 / cost - 1, "off-peak utilisation": busy - 1, "cost": cost - 1}


def chosen(case: Case, trials: Sequence[Trial], single: Offer) -> Trial:
    """Return the mix that did best on the days before the test: the most targets met, then the least that is missing."""
    span = case.past
    theirs = mean([drive(case.setting, Mix((single,)), thresholds(case, single), span, World(seed)) for seed in PAST_SEEDS])

    def rank(trial: Trial) -> tuple[int, float]:
        found = changes(case, trial.past, theirs, span)
        reached = [found[name] / target for name, target in TARGETS.items()]
        return sum(share >= TO_SPARE for share in reached), min(reached)

    return max((trial for trial in trials if not trial.rank[0]), key=rank)


def mixes(case: Case, on_demand: Sequence[Offer], spot: Sequence[Offer]) -> Iterator[Mix]:
    """Yield what the fleet may be made of: any machines or small ones, more and more of them on spot."""
    usual = float(np.nanmean(case.setting.values[case.past.first : case.past.end]))
    for most in (usual, SMALL * usual):
        types = stood(on_demand, most)
        sold = pools(types, [one for one in spot if one.capacity <= most]) if types else ()
        yield from (Mix(types, sold if share else (), share, survives=share > 0) for share in ((0.0, *SPOT.values()) if sold else ()))


def margin_alone(case: Case, single: Offer) -> float:
    """Return off-peak utilisation under the forecast's margin and nothing else."""
    small = replace(single, capacity=case.grain, usd_per_hour=single.usd_per_unit * case.grain)
    trial = rehearsed(case, Mix((small,)))
    done = drive(
        case.setting, trial.mix, levelled(case, trial.rung, case.test.first, trial.surviving), case.test, World(SEEDS[0], calm=True)
    )
    return off_peak(case, done, case.test)


def more(case: Case, choice: Trial, theirs: Done) -> float:
    """Return by how much demand can be multiplied until ours costs as much or is short more often."""
    low, high = 0.5, 4.0
    for _ in range(STEPS):
        middle = (low * high) ** 0.5
        setting = replace(case.setting, values=case.setting.values * middle, capacity=case.setting.capacity * middle)
        done = tested(replace(case, setting=setting), choice)
        low, high = (middle, high) if done.usd <= theirs.usd and done.violated <= max(ALLOWED, theirs.violated) else (low, middle)
    return low


def study(case: Case, unit: str) -> list[Found]:
    """Return the three figures."""
    on_demand, spot = offers(shipped_catalog(), (Cloud.AWS,), size_by(unit))
    single, theirs = rivals(case, on_demand)[0]
    trials = [rehearsed(case, mix) for mix in mixes(case, on_demand, spot)]
    choice = chosen(case, trials, single)
    mine = tested(case, choice)
    gain, before, after = more(case, choice, theirs), off_peak(case, theirs, case.test), off_peak(case, mine, case.test)
    print(f"  windows short: baseline {theirs.violated:.2%}, ours {mine.violated:.2%}; {choice.mix.words}, share {choice.mix.share:.0%}")
    print(f"  off-peak utilisation under the margin alone: {margin_alone(case, single):.1%}")
    return [
        Found("peak capacity", "1.00", f"{gain:.2f}", gain - 1),
        Found("off-peak utilisation", f"{before:.1%}", f"{after:.1%}", after / before - 1),
        Found("cost", f"${theirs.usd:,.0f}", f"${mine.usd:,.0f}", mine.usd / theirs.usd - 1),
    ]


def main() -> None:
    """Print the three figures of each series."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("series", nargs="*", default=list(SERIES), help="file, unit of demand and days to test on")
    for text in parser.parse_args().series:
        file, _, days = text.rsplit(":", 2)
        print(f"{Path(file).name}: last {days} days")
        for one in study(*case_in(text)):
            verdict = "met" if one.met else "missed"
            print(f"  {one.name:21} {one.before:>10} -> {one.after:>10} {one.change:+7.1%}  target {TARGETS[one.name]:+.0%}: {verdict}")


if __name__ == "__main__":
    main()
