"""Time what the policy pack adds to `pulumi preview`, for each resource: beside no pack, and beside a pack without rules.

A pack without rules costs what the engine's protocol does: a process, and two questions about each resource. What ours adds to that is its
own. The preview is that of `check_speed.py`'s program on a pretend cloud in this process; processor time is that of all processes together.
Named rival: the stock SDK with the same rules, whose time for a resource `rules_per_resource.py` takes through gRPC.

`python benchmarks/pack_in_preview.py [--resources 200 1000] [--times 3]`
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from check_speed import PROGRAM, PROJECT, ROOT, STACK, Taken, taken
from rules_per_resource import FEW, requests, stock_server, through_grpc

from lepton_infra.engine import Operation, Session, ensure
from lepton_infra.rehearsal.cloud import PretendCloud
from lepton_infra.rules.analyzer import Analyzer
from lepton_infra.rules.announce import Pack
from lepton_infra.rules.card import Card
from lepton_policies import RULES

POLICY = f"description: Nothing.\nruntime:\n  name: python\n  options: {{toolchain: pip, virtualenv: {sys.prefix}}}\n"
NO_RULES = """
from lepton_infra.rules.analyzer import serve
from lepton_infra.rules.announce import Pack

serve(Pack("nothing", "Nothing", "0.0.1", "Nothing.", ()))
"""


def previewed(session: Session, *packs: Path) -> Callable[[], object]:
    """Return an action that previews with these packs, and raises RuntimeError where the preview broke."""

    def run() -> None:
        ended = session.run(Operation.PREVIEW, policy_packs=packs)
        if not ended.changes or (ROOT / "policies" in packs and not ended.policies_checked):
            raise RuntimeError(f"the preview broke: {ended.failures or ended.output[-500:]}")

    return run


def measure(resources: int, times: int) -> None:
    """Print the three previews for a program of so many resources."""
    root = Path(tempfile.mkdtemp(prefix="lepton-pack-"))
    (root / "nothing").mkdir()
    written = {
        "Pulumi.yaml": PROJECT,
        "Pulumi.dev.yaml": STACK,
        "__main__.py": PROGRAM.replace("RESOURCES", str(resources)),
        "nothing/PulumiPolicy.yaml": POLICY,
        "nothing/__main__.py": NO_RULES,
    }
    for name, text in written.items():
        (root / name).write_text(text)
    with PretendCloud(root / "cloud.sqlite") as cloud, Session(ensure(print), root, "dev", root / "home", cloud.environment) as session:
        packs = ((), (root / "nothing",), (ROOT / "policies",))
        none, empty, ours = taken([previewed(session, *each) for each in packs], times)
    for name, one in (("no pack", none), ("a pack without rules", empty), (f"{len(RULES)} rules", ours)):
        print(f"{resources:>5} resources, {name:<20} {one.wall:6.2f} s ({one.cpu:.2f} s of processors)")
    beside_empty, beside_none = _each(ours, empty, resources), _each(ours, none, resources)
    print(f"      a resource takes {beside_empty} more than with a pack without rules, {beside_none} more than with none")


def _each(more: Taken, less: Taken, resources: int) -> str:
    return f"{(more.wall - less.wall) / resources * 1000:.2f} ms ({(more.cpu - less.cpu) / resources * 1000:.2f} ms of processors)"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resources", type=int, nargs="+", default=[200, 1000])
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for resources in given.resources:
        measure(resources, given.times)
    asked = requests(1000)
    sides = (("no rules", analyzer(()), asked), ("ours", analyzer(RULES), asked), ("stock SDK", stock_server(RULES), asked[:FEW]))
    for name, servicer, some in sides:
        clock, used = through_grpc(servicer, some)
        print(f"one question through gRPC, {name:<9} {clock:6.2f} ms ({used:.2f} ms of processors)")


def analyzer(cards: tuple[Card, ...]) -> Analyzer:
    """Return our server with these rules."""
    return Analyzer(Pack("benchmark", "Benchmark", "0", "", cards))


if __name__ == "__main__":
    main()
