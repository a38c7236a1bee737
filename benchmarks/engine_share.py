"""Time a preview of an empty program, and say how much of it is the start of the CLI, of our language host and of Pulumi's SDK.

Named rival: the language host with the whole SDK imported, as it would start without the stand-ins of `engine/host/__main__.py`.

`python benchmarks/engine_share.py [TIMES]`
"""

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

from lepton_infra.engine import Operation, Session, ensure

PROJECT = f"name: empty\nruntime:\n  name: python\n  options: {{toolchain: pip, virtualenv: {sys.prefix}}}\n"
# An executor that does not exist ends the host right after all its imports.
HOST = [sys.executable, "-P", "-m", "lepton_infra.engine.host", "--executor", "/nowhere"]
FULL_HOST = [sys.executable, "-P", "-c", "from lepton_infra.engine.host.serve import main; main(['--executor', '/nowhere'])"]
SDK = [sys.executable, "-c", "import pulumi"]


def median_seconds(times: int, action: Callable[[], object]) -> float:
    """Run an action so many times, after one for the caches, and return the median of its seconds."""
    action()
    seconds: list[float] = []
    for _ in range(times):
        begun = perf_counter()
        action()
        seconds.append(perf_counter() - begun)
    return statistics.median(seconds)


def call(command: Sequence[str]) -> Callable[[], object]:
    """Return an action that runs a command and cares neither for its words nor for its end."""
    return lambda: subprocess.run(command, capture_output=True, check=False)


def main(times: int) -> None:
    """Measure and print."""
    engine = ensure(print)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "Pulumi.yaml").write_text(PROJECT)
        (root / "__main__.py").write_text("")
        with Session(engine, root, "dev", root / "home") as session:
            preview = median_seconds(times, lambda: session.run(Operation.PREVIEW))
    cli = median_seconds(times, call([str(engine.executable), "version"]))
    host, full, sdk = (median_seconds(times, call(command)) for command in (HOST, FULL_HOST, SDK))
    print(f"preview of an empty program    {preview:6.2f} s")
    for title, seconds in (("start of the CLI", cli), ("start of our language host", host), ("the program's import of pulumi", sdk)):
        print(f"  {title:<29}{seconds:6.2f} s  {seconds / preview:5.0%}")
    print(f"language host with the whole SDK against ours: {full:.2f} s / {host:.2f} s = {full / host:.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
