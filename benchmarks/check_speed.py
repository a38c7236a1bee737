"""Time `lepton check` of a program, and of a graph in a file, beside `pulumi preview` with the policy pack.

The rival is the real engine with the pack that we ship, on a pretend cloud in this process: what a pull-request check costs otherwise, but
for the account. Both sides run the same generated program of mixed resources with the same rules; all byte code is there.
Checkov, the rival of `lepton check --graph`, is timed where its command is given: it wants the same resources as a Terraform plan.

`python benchmarks/check_speed.py [--resources 200 1000] [--times 3] [--checkov CHECKOV PLAN.json]`
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
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


def seconds(command: Sequence[str], times: int, allowed: Sequence[int]) -> float:
    """Return the median of a command's seconds, after one run for the caches.

    Raises:
        RuntimeError: it ended with another exit code than allowed.
    """
    taken: list[float] = []
    for _ in range(times + 1):
        begun = perf_counter()
        ended = subprocess.run(command, capture_output=True, check=False, text=True)
        taken.append(perf_counter() - begun)
        if ended.returncode not in allowed:
            raise RuntimeError(f"{' '.join(command)}: exit code {ended.returncode}: {ended.stderr[-500:]}")
    return statistics.median(taken[1:])


def preview_seconds(root: Path, times: int) -> float:
    """Return the median of a preview's seconds by the real engine, rules included, after one for the caches.

    Raises:
        RuntimeError: it broke, or the rules did not run.
    """
    taken: list[float] = []
    with PretendCloud(root / "cloud.sqlite") as cloud, Session(ensure(print), root, "dev", root / "home", cloud.environment) as session:
        for _ in range(times + 1):
            run = session.run(Operation.PREVIEW, policy_packs=[ROOT / "policies"])
            if not run.policies_checked or sum(run.changes.values()) < 1:
                raise RuntimeError(f"the preview broke: {run.failures or run.output[-500:]}")
            taken.append(run.seconds)
    return statistics.median(taken[1:])


def measure(resources: int, times: int) -> Path:
    """Print both sides for a program of so many resources, and return the graph that it builds, as a file."""
    root = Path(tempfile.mkdtemp(prefix="lepton-check-"))
    (root / "Pulumi.yaml").write_text(PROJECT)
    (root / "Pulumi.dev.yaml").write_text(STACK)
    (root / "__main__.py").write_text(PROGRAM.replace("RESOURCES", str(resources)))
    graph = root / "graph.json"
    graph.write_bytes(subprocess.run([LEPTON, "graph", "dev", "--json", "--project", root], check=True, stdout=subprocess.PIPE).stdout)
    ours = seconds([str(LEPTON), "check", "dev", "--json", "--project", str(root)], times, (0, 1))
    theirs = preview_seconds(root, max(1, times - 2))
    ratio = f"ratio {theirs / ours:.1f}"
    print(f"{resources:>5} resources, program and rules: pulumi preview {theirs:6.2f} s, lepton check {ours:5.2f} s, {ratio}")
    return graph


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resources", type=int, nargs="+", default=[200, 1000])
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--checkov", nargs=2, metavar=("CHECKOV", "PLAN"), help="the command, and a Terraform plan of the same resources")
    given = parser.parse_args()
    graphs = [measure(resources, given.times) for resources in given.resources]
    ours = seconds([str(LEPTON), "check", "--graph", str(graphs[-1]), "--json"], given.times, (0, 1))
    print(f"{given.resources[-1]:>5} resources from a file:       lepton check --graph {ours:5.2f} s", end="")
    if given.checkov:
        checkov, plan = given.checkov
        theirs = seconds([checkov, "--file", plan, "--quiet", "--compact", "--output", "json"], given.times, (0, 1))
        print(f", checkov {theirs:5.2f} s, ratio {theirs / ours:.1f}", end="")
    print()


if __name__ == "__main__":
    main()
