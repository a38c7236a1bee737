"""The case study of the source articles on recorded demand: peak capacity +30 %, off-peak utilisation +20 %, cost -15 %.

The articles report these against reactive scaling and give neither trace nor fleet. What is compared here:

- The baseline: scale out above 80 % and in below 40 %, to 60 %, on the best single on-demand type, chosen on the test days with hindsight.
- Ours: the planner of `dollars.py`, whose troubles, prices and billing both have, with spot to half and the largest pool to spare; level
  and surplus are chosen on the days before the test. No commitments.
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
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from dollars import SERIES, case_in, pools, rivals, stood
from market import offers, size_by
from mixed_fleet import Done, Mix, Offer, World, drive
from trials import ALLOWED, SEEDS, Case, Trial, levelled, rehearsed, tested

from lepton_infra.catalog import Cloud, shipped_catalog

QUIET_HOURS = 8
HALF = 0.5
"""Share of what is held for that may stand on spot."""
TARGETS = {"peak capacity": 0.30, "off-peak utilisation": 0.20, "cost": -0.15}
STEPS = 7


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


def off_peak(case: Case, done: Done) -> float:
    """Return utilisation in the quietest hours of each test day."""
    demand = case.setting.values[case.test.first : case.test.end]
    per_hour = round(1 / case.setting.hours_per_window)
    used = (np.minimum(demand, done.serving) / done.serving).reshape(-1, 24, per_hour)
    hours = np.nanmean(demand.reshape(-1, 24, per_hour), axis=2)
    quiet = np.argsort(hours, axis=1)[:, :QUIET_HOURS]
    return float(np.nanmean(np.take_along_axis(used, quiet[:, :, None], axis=1)))


def margin_alone(case: Case, single: Offer) -> float:
    """Return off-peak utilisation under the forecast's margin and nothing else."""
    small = replace(single, capacity=case.grain, usd_per_hour=single.usd_per_unit * case.grain)
    trial = rehearsed(case, Mix((small,)))
    done = drive(
        case.setting, trial.mix, levelled(case, trial.rung, case.test.first, trial.surviving), case.test, World(SEEDS[0], calm=True)
    )
    return off_peak(case, done)


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
    types = stood(on_demand, float(np.nanmean(case.setting.values[case.past.first : case.past.end])))
    choice = rehearsed(case, Mix(types, pools(types, spot), HALF, survives=True))
    mine = tested(case, choice)
    gain, before, after = more(case, choice, theirs), off_peak(case, theirs), off_peak(case, mine)
    print(f"  windows short: baseline {theirs.violated:.2%}, ours {mine.violated:.2%}; {choice.mix.words}")
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
