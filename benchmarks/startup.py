"""How long the front door takes, as a ratio to the bare interpreter and to `import pulumi`.

Each figure is the median of interleaved runs, so that a noisy minute hits all alike.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 9
LEPTON = str(Path(sys.executable).parent / "lepton")
COMMANDS = {
    "bare interpreter": [sys.executable, "-c", "pass"],
    "import lepton_infra": [sys.executable, "-c", "import lepton_infra"],
    "import pulumi": [sys.executable, "-c", "import pulumi"],
    "lepton --help": [LEPTON, "--help"],
}


def seconds(command: list[str]) -> float:
    """Return the wall time of one run."""
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Print a line for each command: its median, and the ratio to the bare interpreter and to `import pulumi`."""
    rounds = [{name: seconds(command) for name, command in COMMANDS.items()} for _ in range(RUNS)]
    medians = {name: statistics.median(one[name] for one in rounds) for name in COMMANDS}
    for name, median in medians.items():
        ratios = f"{median / medians['bare interpreter']:5.1f} x bare interpreter, {median / medians['import pulumi']:5.2f} x import pulumi"
        print(f"{name:20} {median * 1000:6.0f} ms   {ratios}")


if __name__ == "__main__":
    main()
