"""Node-hours over the oracle's and share of windows short: our planner beside its rivals, as `lepton backtest` judges them.

Every level is fixed from what came before the test days, and every rule has run through them before it is judged. That matters for 80/40:
between 40 % and 80 % it keeps what it has, so on helios, whose demand hardly leaves that band, a peak long past is still paid for (1.96
times the oracle's); begun anew on the first test day it would cost 1.69. On servegen it is 1.59 either way.
With several series the means are geometric over node-hours and arithmetic over shares.

Run: python benchmarks/sizing_node_hours.py [SERIES.csv:CAPACITY:TEST_DAYS ...] [--lead-minutes 10] [--violations 0.02]
"""

import argparse
import time
from dataclasses import dataclass
from math import exp, log
from pathlib import Path
from statistics import fmean

from lepton_infra.sizing.backtest import Backtest, Question, backtest
from lepton_infra.sizing.source import read_series

_ROOT = Path(__file__).parents[1]
_SERIES = (f"{_ROOT / 'stacks/demand/servegen_m_large_10min.csv'}:10:4", f"{_ROOT / 'benchmarks/series/helios_earth_10min.csv'}:8:7")


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    over: float
    violated: float
    coverage: str


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("series", nargs="*", default=list(_SERIES), help="file, capacity of a node and days to test on")
    parser.add_argument("--lead-minutes", type=float, default=10)
    parser.add_argument("--violations", type=float, default=0.02)
    given = parser.parse_args()
    begun = time.perf_counter()
    found = [_backtest(case, given.lead_minutes, given.violations) for case in given.series]
    seconds = time.perf_counter() - begun
    print(f"{', '.join(Path(case).name for case in given.series)}: {given.lead_minutes:g} min lead, {given.violations:.1%} may be short")
    print(f"{'policy':24} {'x oracle':>9} {'short':>7}  within p95")
    for line in _lines(found):
        print(f"{line.name:24} {line.over:9.3f} {line.violated:7.2%}  {line.coverage}")
    print(f"{seconds:.1f} s")


def _backtest(case: str, lead_minutes: float, violations: float) -> Backtest:
    file, capacity, days = case.rsplit(":", 2)
    return backtest(read_series(Path(file)), Question(float(capacity), lead_minutes, int(days), violations))


def _lines(found: list[Backtest]) -> list[_Line]:
    return [
        _Line(
            name=rows[0].policy,
            over=exp(fmean(log(row.node_hours_over_oracle) for row in rows)),
            violated=fmean(row.violated_share for row in rows),
            coverage=", ".join(f"{row.coverage_95:.1%}" for row in rows if row.coverage_95 is not None),
        )
        for rows in zip(*(one.rows for one in found), strict=True)
    ]


if __name__ == "__main__":
    main()
