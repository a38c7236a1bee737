"""Time `lepton check` of a program, and of a graph in a file, beside `pulumi preview` with the policy pack.

The rival is the real engine with the pack that we ship, on a pretend cloud in this process: what a pull-request check costs otherwise, but
for the account. Both sides run the same generated program of mixed resources with the same rules, after one run that leaves all byte code.
The rival of `lepton check --graph` is Checkov, on the same resources as a Terraform plan (`terraform_plan.py`), without its look into the
network. It runs in an environment of its own that uv makes, from PyPI or its cache; where it cannot be had, that is said.

`python benchmarks/check_speed.py [--resources 200 1000] [--times 3] [--checkov 3.3.30]`
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import NamedTuple, cast

from terraform_plan import plan_of

from lepton_infra.engine import Operation, Session, ensure
from lepton_infra.rehearsal.cloud import PretendCloud

ROOT = Path(__file__).resolve().parents[1]
LEPTON = Path(sys.executable).parent / "lepton"
PROJECT = f"name: many\nruntime:\n  name: python\n  options: {{toolchain: pip, virtualenv: {sys.prefix}}}\n"
STACK = "config:\n  aws:region: us-east-1\n"
PROGRAM = """
import json

import pulumi
import pulumi_aws as aws

TAGS = {"owner": "ml@example.com", "team": "inference", "environment": "dev"}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]})
SSH = [aws.ec2.SecurityGroupIngressArgs(protocol="tcp", from_port=22, to_port=22, cidr_blocks=["10.0.0.0/8"])]
DISK = [{"device_name": "/dev/xvda", "ebs": {"encrypted": "true", "volume_size": 100, "volume_type": "gp3"}}]
vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", tags=TAGS)
for number in range((RESOURCES - 1) // 8):
    bucket = aws.s3.Bucket(f"bucket-{number}", tags=TAGS)
    aws.s3.BucketPublicAccessBlock(f"bucket-{number}", bucket=bucket.id, block_public_acls=True, block_public_policy=True,
                                   ignore_public_acls=True, restrict_public_buckets=True)
    role = aws.iam.Role(f"role-{number}", assume_role_policy=TRUST, tags=TAGS)
    aws.iam.RolePolicy(f"role-{number}", role=role.id, policy=bucket.arn.apply(lambda arn: json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{arn}/*"}]})))
    group = aws.ec2.SecurityGroup(f"group-{number}", vpc_id=vpc.id, ingress=SSH, tags=TAGS)
    subnet = aws.ec2.Subnet(f"subnet-{number}", vpc_id=vpc.id, cidr_block=f"10.0.{number % 256}.0/24", tags=TAGS)
    aws.ebs.Volume(f"volume-{number}", availability_zone="us-east-1a", size=100, encrypted=number % 9 != 0, tags=TAGS)
    aws.ec2.LaunchTemplate(f"template-{number}", instance_type="p5.48xlarge", block_device_mappings=DISK,
                           vpc_security_group_ids=[group.id], tags=TAGS)
for number in range((RESOURCES - 1) % 8):
    aws.ebs.Volume(f"more-{number}", availability_zone="us-east-1a", size=100, encrypted=True, tags=TAGS)
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """What something took: medians over its runs."""

    wall: float
    """Seconds on the clock."""
    cpu: float
    """Seconds of processors, all processes together: what is left of a figure on a busy machine."""


def taken(actions: Sequence[Callable[[], object]], times: int) -> list[Taken]:
    """Run actions in turns, after one turn for the caches, so that a noisy minute hits all alike."""
    rounds = [[_once(action) for action in actions] for _ in range(times + 1)][1:]
    return [Taken(*(statistics.median(figures) for figures in zip(*of_one, strict=True))) for of_one in zip(*rounds, strict=True)]


def _once(action: Callable[[], object]) -> tuple[float, float]:
    begun, used = perf_counter(), _cpu()
    action()
    return perf_counter() - begun, _cpu() - used


def _cpu() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def call(command: Sequence[str]) -> Callable[[], str]:
    """Return an action that runs a checker, whose answer may be yes or no, and returns what it printed.

    The action raises RuntimeError where it is neither.
    """

    def run() -> str:
        ended = subprocess.run(command, capture_output=True, check=False, text=True)
        if ended.returncode not in (0, 1):
            raise RuntimeError(f"{' '.join(command)}: exit code {ended.returncode}: {ended.stderr[-500:]}")
        return ended.stdout

    return run


def preview(session: Session) -> None:
    """Preview by the real engine, rules included.

    Raises:
        RuntimeError: it broke, or the rules did not run.
    """
    run = session.run(Operation.PREVIEW, policy_packs=[ROOT / "policies"])
    if not run.policies_checked or sum(run.changes.values()) < 1:
        raise RuntimeError(f"the preview broke: {run.failures or run.output[-500:]}")


def measure(resources: int, times: int) -> Path:
    """Print both sides for a program of so many resources, and return the graph that it builds, as a file."""
    root = Path(tempfile.mkdtemp(prefix="lepton-check-"))
    (root / "Pulumi.yaml").write_text(PROJECT)
    (root / "Pulumi.dev.yaml").write_text(STACK)
    (root / "__main__.py").write_text(PROGRAM.replace("RESOURCES", str(resources)))
    graph = root / "graph.json"
    graph.write_bytes(subprocess.run([LEPTON, "graph", "dev", "--json", "--project", root], check=True, capture_output=True).stdout)
    with PretendCloud(root / "cloud.sqlite") as cloud, Session(ensure(print), root, "dev", root / "home", cloud.environment) as session:
        check = call([str(LEPTON), "check", "dev", "--json", "--project", str(root)])
        theirs, ours = taken([lambda: preview(session), check], times)
    print(f"{resources:>5} resources, program and rules: {_beside('pulumi preview', theirs, ours)}")
    return graph


class Checkov(NamedTuple):
    """Checkov, ready to run on a plan."""

    run: Callable[[], str]
    """Runs it and returns its JSON."""
    resources: int
    """How many resources it says that it looked at."""
    checks: int
    """How many times it passed or failed one of them."""


def checkov(version: str, graph: Path) -> Checkov | None:
    """Return Checkov of a version for the resources of a graph; None where it cannot be had."""
    tool = os.environ.get("UV") or shutil.which("uv")
    if tool is None:
        return None
    asked = [tool, "tool", "run", "--from", f"checkov=={version}", "python", "-c", "import sys; print(sys.executable)"]
    found = subprocess.run(asked, capture_output=True, check=False, text=True)
    if found.returncode:
        return None
    plan = graph.with_name("plan.json")
    plan.write_text(json.dumps(plan_of(json.loads(graph.read_text()))))
    start = [str(Path(found.stdout.strip()).with_name("checkov")), "--framework", "terraform_plan", "--skip-download"]
    run = call([*start, "--file", str(plan), "--output", "json", "--quiet", "--compact"])
    summary = cast("dict[str, int]", json.loads(run())["summary"])
    return Checkov(run, summary["resource_count"], summary["passed"] + summary["failed"])


def measure_graph(graph: Path, version: str, times: int) -> None:
    """Print both sides for a graph in a file.

    Raises:
        RuntimeError: Checkov did not look at what we looked at.
    """
    check = call([str(LEPTON), "check", "--graph", str(graph), "--json"])
    checked = cast("int", json.loads(check())["checked"])
    rival = checkov(version, graph)
    if rival is None:
        (ours,) = taken([check], times)
        print(f"{checked:>5} resources from a file: lepton check --graph {ours.wall:.2f} s ({ours.cpu:.2f} s of processors)")
        print(f"      checkov {version} cannot be had here: no uv, or neither PyPI nor uv's cache has it")
        return
    if rival.resources != checked:
        raise RuntimeError(f"checkov looked at {rival.resources} resources, lepton at {checked}")
    theirs, ours = taken([rival.run, check], times)
    print(f"{checked:>5} resources from a file, {rival.checks} answers of checkov's: {_beside(f'checkov {version}', theirs, ours)}")


def _beside(rival: str, theirs: Taken, ours: Taken) -> str:
    return (
        f"{rival} {theirs.wall:.2f} s ({theirs.cpu:.2f} s of processors), lepton check {ours.wall:.2f} s ({ours.cpu:.2f} s), "
        f"ratio {theirs.wall / ours.wall:.1f} ({theirs.cpu / ours.cpu:.1f})"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resources", type=int, nargs="+", default=[200, 1000])
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--checkov", default="3.3.30", metavar="VERSION")
    given = parser.parse_args()
    # Whoever works with either tool has its byte code.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    graphs = [measure(resources, given.times) for resources in given.resources]
    measure_graph(graphs[-1], given.checkov, given.times)


if __name__ == "__main__":
    main()
