"""Seconds to forecast many series with one command, and the ratio to the models of statsforecast on a few of them, scaled up.

The series are made here, from a seed: a day, a week, noise, bursts and gaps. The numpy ladder does the whole of it; every rival forecasts
the first few series under the same contract, in as many processes, and its seconds are scaled by the count: an estimate, named so.

Run: python benchmarks/many_series.py [--series 1000] [--days 14] [--minutes 60] [--workers 2] [--sample 4] [--lead-minutes 15]
"""

import argparse
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

import numpy as np

from lepton_infra.sizing.many import Ask, jobs, sources
from lepton_infra.sizing.workers import on_cores

_RIVALS = ("autotheta", "autoarima")


def main() -> None:
    """Make the series, forecast them, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--sample", type=int, default=4)
    parser.add_argument("--lead-minutes", type=float, default=None)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = [_make(Path(folder), seed, given.days, given.minutes) for seed in range(given.series)]
        spent = getrusage(RUSAGE_CHILDREN).ru_utime
        whole = _seconds(files, Ask(lead_minutes=given.lead_minutes), given.workers)
        print(f"{given.series} series of {given.days} days by {given.minutes} minutes, {given.workers} processes")
        spent = getrusage(RUSAGE_CHILDREN).ru_utime - spent
        print(f"{'numpy ladder':14} {whole:9.1f} s, {spent:.1f} s of which were calculated, over all processes")
        for name in _RIVALS:
            begin = _seconds(files[:1], Ask(hours=1), given.workers)
            some = _seconds(files[: given.sample], Ask(lead_minutes=given.lead_minutes, forecaster=name), given.workers)
            scaled = max(some - begin, 0.0) * given.series / given.sample
            print(f"{name:14} {scaled:9.1f} s, scaled up from {given.sample} series: {scaled / whole:.1f} times as long")


def _seconds(files: list[Path], ask: Ask, workers: int) -> float:
    begun = time.perf_counter()
    done = list(on_cores(jobs(sources(files)), ask, workers))
    if any(answer.forecast is None for answer in done):
        raise SystemExit(str(next(answer.faults for answer in done if answer.faults)))
    return time.perf_counter() - begun


def _make(folder: Path, seed: int, days: int, minutes: int) -> Path:
    """Write a series with a day and a week in it, noise that grows with the level, bursts and one window in a hundred lost."""
    rng = np.random.default_rng(seed)
    hours = np.arange(days * 24 * 60 // minutes) * minutes / 60
    day = 1 + rng.uniform(0.2, 0.7) * np.sin((hours / 24 + rng.uniform()) * 2 * np.pi)
    week = np.where((hours // 24) % 7 >= 5, rng.uniform(0.5, 1.0), 1.0)  # noqa: PLR2004 (five days of work)
    burst = 1 + rng.uniform(0.5, 2.0) * (rng.uniform(size=len(hours)) < minutes / 60 / 72)
    level = np.exp(rng.uniform(1, 7)) * day * week * burst
    values = level * rng.gamma(50, 1 / 50, len(hours))
    lost = rng.uniform(size=len(hours)) < 0.01  # noqa: PLR2004 (one in a hundred)
    lines = [
        f"{np.datetime64('2026-01-05T00:00') + np.timedelta64(place * minutes, 'm')}Z,{'' if gone else f'{value:.4f}'}"
        for place, (value, gone) in enumerate(zip(values.tolist(), lost.tolist(), strict=True))
    ]
    path = folder / f"pool-{seed:05}.csv"
    path.write_text("\n".join(["time,value", *lines]) + "\n")
    return path


if __name__ == "__main__":
    main()
