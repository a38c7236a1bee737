"""Time `lepton check` of a program, and of a graph in a file, beside `pulumi preview` with the policy pack.

The rival is the real engine with the pack that we ship, on a pretend cloud in this process: what a pull-request check costs otherwise, but
for the account. Both sides run the same generated program of mixed resources with the same rules; all byte code is there.
Checkov, the rival of `lepton check --graph`, is timed where its command is given: it wants the same resources as a Terraform plan.

`python benchmarks/check_speed.py [--resources 200 1000] [--times 3] [--checkov CHECKOV PLAN.json]`
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

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


def call(command: Sequence[str]) -> Callable[[], object]:
    """Return an action that runs a checker, whose answer may be yes or no.

    The action raises RuntimeError where it is neither.
    """

    def run() -> None:
        ended = subprocess.run(command, capture_output=True, check=False, text=True)
        if ended.returncode not in (0, 1):
            raise RuntimeError(f"{' '.join(command)}: exit code {ended.returncode}: {ended.stderr[-500:]}")

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
    parser.add_argument("--checkov", nargs=2, metavar=("CHECKOV", "PLAN"), help="the command, and a Terraform plan of the same resources")
    given = parser.parse_args()
    graphs = [measure(resources, given.times) for resources in given.resources]
    check = call([str(LEPTON), "check", "--graph", str(graphs[-1]), "--json"])
    start = f"{given.resources[-1]:>5} resources from a file: "
    if given.checkov:
        checkov, plan = given.checkov
        theirs, ours = taken([call([checkov, "--file", plan, "--quiet", "--compact", "--output", "json"]), check], given.times)
        print(start + _beside("checkov", theirs, ours))
    else:
        (ours,) = taken([check], given.times)
        print(f"{start}lepton check --graph {ours.wall:.2f} s ({ours.cpu:.2f} s of processors)")


if __name__ == "__main__":
    main()
