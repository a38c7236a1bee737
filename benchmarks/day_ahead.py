"""The day ahead by the hour: our choice beside single forecasters and, where the extra is installed, those of statsforecast.

Origins every six hours through the test days, 24 hours from each. Every forecaster gets the same conformal margin; ours chooses anew at
each origin from what is known there, as a plan made then would. WAPE of the median and pinball loss of the 95 % quantile are shares of
mean demand.

Run: python benchmarks/day_ahead.py [SERIES.csv:TEST_DAYS ...] [--fast]
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lepton_infra.sizing.dayahead import HOURS, day_losses, hourly_task
from lepton_infra.sizing.forecast import Method, Task, pinball
from lepton_infra.sizing.paths import path
from lepton_infra.sizing.rungs import open_rungs
from lepton_infra.sizing.source import read_series
from lepton_infra.sizing.statsforecasters import NAMES, installed

if TYPE_CHECKING:
    from lepton_infra.sizing.arrays import Floats

_TRACE = f"{Path(__file__).parents[1] / 'stacks/demand/servegen_m_large_10min.csv'}:4"
_SINGLE = ("naive", "moving-average", "seasonal-naive", "ses", "ets", "ridge", "seed")
_EVERY = 6


def main() -> None:
    """Print the table of each series."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("series", nargs="*", default=[_TRACE], help="file and days to test on")
    parser.add_argument("--fast", action="store_true", help="leave out the models of statsforecast")
    given = parser.parse_args()
    for case in given.series:
        file, days = case.rsplit(":", 1)
        task = hourly_task(read_series(Path(file)).hours(), 0.95)
        print(f"{Path(file).name}: {len(task.values) // HOURS} days, the last {days} tested")
        print(f"{'':22} {'WAPE %':>7} {'PL95 %':>7} {'in p95 %':>8} {'PL95 x ours':>11}")
        ours = _scores(task, int(days), _choice)
        _print("ours", ours, ours)
        for name in (*_SINGLE, *(NAMES if installed() and not given.fast else ())):
            _print(name, _scores(task, int(days), lambda _, name=name: Method(name, "plain")), ours)


def _choice(task: Task) -> Method:
    days = int((~np.isnan(task.values)).sum()) / HOURS
    return day_losses(task, open_rungs(days))[0][1]


def _scores(task: Task, days: int, choose: Callable[[Task], Method]) -> tuple[float, float, float]:
    actual: list[Floats] = []
    middle: list[Floats] = []
    upper: list[Floats] = []
    for origin in range(len(task.values) - days * HOURS, len(task.values), _EVERY):
        known = replace(task, values=task.values[:origin])
        p50, top = path(known, choose(known))
        came = task.values[origin : origin + HOURS]
        actual.append(came)
        middle.append(p50[: len(came)])
        upper.append(top[: len(came)])
    came, p50, top = np.concatenate(actual), np.concatenate(middle), np.concatenate(upper)
    usual = float(np.nanmean(task.values[-days * HOURS :]))
    within = float(np.mean((came <= top)[~np.isnan(came)]))
    return float(np.nanmean(np.abs(came - p50))) / usual, pinball(came, top, 0.95) / usual, within


def _print(name: str, found: tuple[float, float, float], ours: tuple[float, float, float]) -> None:
    print(f"{name:22} {found[0]:7.2%} {found[1]:7.3%} {found[2]:8.1%} {found[1] / ours[1]:11.2f}".replace("%", " "))


if __name__ == "__main__":
    main()
