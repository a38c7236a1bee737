"""What commitments save against on-demand alone: the newsvendor's promise beside the survey's figures and two rules of thumb.

The newsvendor's promise is made twice: on the whole series, as the survey did, and on its first half to be judged on its second, which is
what a user can do. Need is of means over ten minutes, as the survey's was, or over the
series' step where that is longer.

Run: python benchmarks/commitments.py [SERIES.csv:CAPACITY[:COLUMN+COLUMN] ...]
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lepton_infra.config import Demand
from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.newsvendor import best_promise, hourly_cost
from lepton_infra.sizing.record import COMMAND_LINE
from lepton_infra.sizing.source import read_record, read_series

if TYPE_CHECKING:
    from collections.abc import Callable

_TRACE = f"{Path(__file__).parents[1] / 'stacks/demand/servegen_m_large_10min.csv'}:10"
_DISCOUNTS = (0.3, 0.4, 0.6)
_WINDOW = 600
_SURVEY = {"servegen_m_large": (0.18, 0.26, 0.45), "helios_earth": (0.23, 0.33, 0.53)}
"""Savings that the survey measured with hindsight on the whole series, by how the file's name begins."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("series", nargs="*", default=[_TRACE], help="file, capacity of a node, and columns where the file has several")
    for case in parser.parse_args().series:
        file, capacity, columns = [*case.split(":"), ""][:3]
        _show(Path(file), _need(Path(file), float(capacity), columns))


def _need(path: Path, capacity: float, columns: str) -> Floats:
    if columns:
        said = Demand(file=path.name, columns=tuple(columns.split("+")), unit="concurrent_gpus")
        series = read_record(path, said, COMMAND_LINE).series
    else:
        series = read_series(path)
    steps = max(_WINDOW // series.step_seconds, 1)
    windows = series.values[: len(series.values) // steps * steps].reshape(-1, steps).mean(axis=1)
    return np.ceil(windows[~np.isnan(windows)] / capacity * (1 - 1e-9))


def _show(path: Path, need: Floats) -> None:
    survey = next((row for name, row in _SURVEY.items() if path.name.startswith(name)), (float("nan"),) * len(_DISCOUNTS))
    first, second = np.array_split(need, 2)
    rules: dict[str, Callable[[float], float]] = {
        "newsvendor, whole series": lambda ratio: _saved(need, best_promise(need, ratio), ratio),
        "newsvendor, first half on second": lambda ratio: _saved(second, best_promise(first, ratio), ratio),
        "second half with hindsight": lambda ratio: _saved(second, best_promise(second, ratio), ratio),
        "least need, whole series": lambda ratio: _saved(need, float(need.min()), ratio),
        "mean need, whole series": lambda ratio: _saved(need, round(float(need.mean())), ratio),
        "peak, whole series": lambda ratio: _saved(need, float(need.max()), ratio),
    }
    print(f"{path.name}: {len(need):,} windows, {need.mean():.1f} nodes on average, {need.max():.0f} at the peak")
    print(f"{'saved at a discount of':34}" + "".join(f"{discount:>8.0%}" for discount in _DISCOUNTS))
    print(f"{'survey, whole series':34}" + "".join(f"{each:>8.0%}" for each in survey))
    for name, rule in rules.items():
        found = [rule(1 - discount) for discount in _DISCOUNTS]
        ratios = " ".join(f"{each / other:.2f}" for each, other in zip(found, survey, strict=True))
        print(f"{name:34}" + "".join(f"{each:>8.1%}" for each in found) + f"   x survey {ratios}")
    print()


def _saved(need: Floats, promised: float, ratio: float) -> float:
    return 1 - float(hourly_cost(need, [(promised, ratio)]).mean() / need.mean())


if __name__ == "__main__":
    main()
