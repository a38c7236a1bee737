"""Seconds and memory of reading usage records, by the number of rows: time grows with the rows, memory with the hours alone.

Beside it stands Python's own `csv` reader over the same file, which does nothing with the rows.

Run: python benchmarks/usage_rows.py [--rows 1000000 10000000]
"""

import argparse
import csv
import resource
import tempfile
import time
from pathlib import Path

from lepton_infra.sizing.advise.read import read_usage, source
from lepton_infra.sizing.advise.usage import usages

_POOLS = 200
_STEP = 300


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000])
    print(f"{'rows':>12} {'csv alone s':>12} {'read s':>8} {'x csv':>6} {'rows/s':>10} {'peak MiB':>9}")
    for rows in parser.parse_args().rows:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "usage.csv"
            _write(path, rows)
            alone, read = _csv_alone(path), _read(path)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{rows:12,} {alone:12.1f} {read:8.1f} {read / alone:6.1f} {rows / read:10,.0f} {peak:9,.0f}")


def _write(path: Path, rows: int) -> None:
    """Write node counts of `_POOLS` pools, every five minutes."""
    with path.open("w", encoding="ascii") as file:
        file.write("time,pool,machine,region,market,nodes,utilisation,usd\n")
        for row in range(rows):
            step, pool = divmod(row, _POOLS)
            file.write(f"{1_767_571_200 + _STEP * step},pool-{pool},p5.4xlarge,us-east-1,on-demand,{row % 17},0.{row % 89 + 10},1.25\n")


def _csv_alone(path: Path) -> float:
    begun = time.perf_counter()
    with path.open(encoding="ascii", newline="") as file:
        count = sum(1 for _ in csv.reader(file))
    if not count:
        message = "the file is empty"
        raise ValueError(message)
    return time.perf_counter() - begun


def _read(path: Path) -> float:
    begun = time.perf_counter()
    ledger, _ = read_usage([source(str(path))], [f"pool-{pool}" for pool in range(_POOLS)], "pool", lambda _: None)
    usages(ledger)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
