"""Node-hours over the oracle's and share of windows short, on a trace's last four days: our planner beside its rivals.

Every policy decides at each window with what it knew then; methods and levels are fixed from what came before the last days.
Rules as in `lepton_infra.sizing.policies`: nodes are billed from their order, gaps are not judged.

Run: python benchmarks/sizing_node_hours.py [SERIES.csv] [--capacity 10] [--lead-minutes 10] [--quantile 0.95]
"""

import argparse
import datetime as dt
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lepton_infra.config import Demand
from lepton_infra.errors import BadInput
from lepton_infra.sizing import policies
from lepton_infra.sizing.compare import History, chosen, history
from lepton_infra.sizing.forecast import GAIN, Task, coverage, methods, rolling
from lepton_infra.sizing.forecasters import FORECASTERS
from lepton_infra.sizing.policies import Score, Setting
from lepton_infra.sizing.source import read_demand

_TRACE = Path(__file__).parents[1] / "stacks/demand/servegen_m_large_10min.csv"
_MONDAY = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("series", nargs="?", type=Path, default=_TRACE)
    parser.add_argument("--capacity", type=float, default=10.0, help="demand that a node serves")
    parser.add_argument("--lead-minutes", type=int, default=10)
    parser.add_argument("--quantile", type=float, default=0.95)
    given = parser.parse_args()
    past = _history(given.series)
    lead = -(-given.lead_minutes * 60 // past.windows.step_seconds)
    setting = Setting(past.windows.values, given.capacity, lead, 1, past.windows.step_seconds / 3600)
    begun = time.perf_counter()
    rows = list(_rows(past, setting, given.quantile))
    seconds = time.perf_counter() - begun
    oracle = rows[0][1].node_hours
    print(
        f"{given.series.name}: last {past.days} days, {given.capacity:g} a node, {given.lead_minutes} min lead, p{given.quantile * 100:g}"
    )
    print(f"{'policy':44} {'node-hours':>10} {'x oracle':>9} {'short':>7} {'coverage':>9}")
    for name, score, covered in rows:
        shown = f"{covered:.1%}" if covered is not None else ""
        print(f"{name:44} {score.node_hours:10,.0f} {score.node_hours / oracle:9.3f} {score.violated:7.2%} {shown:>9}")
    print(f"{seconds:.1f} s")


def _history(path: Path) -> History:
    """Read a series whose times may be counted from its start, and whose unit does not matter here."""
    bare = Demand(file=str(path))
    rps = Demand(file=str(path), unit="requests_per_second")
    said = BadInput(())
    for demand in (bare, rps, bare.model_copy(update={"start": _MONDAY}), rps.model_copy(update={"start": _MONDAY})):
        try:
            return history(read_demand(path, demand, path.name).recent())
        except BadInput as error:
            said = error
    raise said


def _rows(past: History, setting: Setting, quantile: float) -> Iterator[tuple[str, Score, float | None]]:
    last, season = past.last, past.windows.season
    task = Task(setting.values, season, (setting.lead + 1,), quantile, 2 * season, GAIN)
    yield "oracle", policies.score(setting, policies.oracle(setting), last), None
    for level in sorted({quantile, 0.98, 0.99}):
        asked = replace(task, quantile=level)
        yield _forecast(f"plan at p{level * 100:g}", setting, asked, list(FORECASTERS), last)
    yield _forecast("seed formula", setting, task, ["seed"], last)
    yield _forecast("naive", setting, task, ["naive"], last)
    yield "static peak", policies.score(setting, policies.static(setting, last), last), None
    yield "thresholds 80/40", policies.score(setting, policies.thresholds(setting), last), None
    yield "target tracking at 70 % (HPA)", policies.score(setting, policies.target_tracking(setting), last), None


def _forecast(name: str, setting: Setting, task: Task, names: list[str], last: int) -> tuple[str, Score, float]:
    """Choose on what came before, then decide at each of the last windows."""
    method = chosen(task, methods(names), last)
    score = policies.score(setting, policies.forecast(setting, rolling(task, method, task.horizons[0]).upper), last)
    return f"{name} ({method.forecaster}, {method.margin})", score, coverage(task, method, last)


if __name__ == "__main__":
    main()
