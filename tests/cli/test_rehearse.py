"""`lepton rehearse` on the stack that we ship, with the real engine: there and back, stopped by a rule, stopped by a stale plan."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lepton_infra.graph import read_state

OPEN_BUCKET = """
import pulumi_aws as aws

aws.s3.BucketPublicAccessBlock("open", bucket=storage.bucket_id, block_public_acls=False, opts=here)
"""


def _rehearse(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lepton"), "rehearse", "serve-aws", "--project", str(project), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _files(project: Path) -> dict[str, bytes]:
    listed = [path for path in project.rglob("*") if path.is_file() and not {".venv", ".lepton", "__pycache__"} & set(path.parts)]
    return {path.relative_to(project).as_posix(): path.read_bytes() for path in listed}


@pytest.mark.engine
def test_the_shipped_stack_goes_up_and_comes_down_and_leaves_nothing(project: Path) -> None:
    before = _files(project)

    ran = _rehearse(project, "--json")

    said: dict[str, Any] = json.loads(ran.stdout)
    assert (ran.returncode, said["faults"]) == (0, [])
    assert (said["orphans"], said["drift"], said["violations"], said["undecided"]) == ([], [], [], [])
    assert list(said["seconds"]) == ["plan", "preview", "up", "up again", "refresh", "destroy"]
    graph = read_state(Path(said["state"]))
    assert said["resources"] == len(graph.built()) == sum(said["resources_by_type"].values()) > 80
    assert 0 < said["usd_per_month_range"]["low"] <= said["usd_per_month"] <= said["usd_per_month_range"]["high"]
    cost = subprocess.run(
        [Path(sys.executable).parent / "lepton", "cost", "--state", said["state"], "--json"], capture_output=True, text=True, check=True
    )
    told: dict[str, Any] = json.loads(cost.stdout)
    assert (told["usd_per_month"], told["by_part"]) == (said["usd_per_month_range"], said["usd_per_month_by_part"])
    assert {rule["policy"] for rule in said["rules"] if rule["resources"]} >= {
        "aws-eks-endpoint-open",
        "cost-gpu-max-bound",
        "cost-owner-tag",
    }
    assert _files(project) == before


@pytest.mark.engine
def test_a_broken_rule_stops_it_before_anything_stands(project: Path) -> None:
    with (project / "stacks" / "__main__.py").open("a") as program:
        program.write(OPEN_BUCKET)

    ran = _rehearse(project, "--json")

    said: dict[str, Any] = json.loads(ran.stdout)
    assert (ran.returncode, said["ok"], said["state"]) == (1, False, None)
    assert {(violation["policy"], violation["level"]) for violation in said["violations"]} == {("aws-s3-pab-flags", "mandatory")}
    assert list(said["seconds"]) == ["plan", "preview"]


@pytest.mark.engine
def test_a_program_that_asks_for_what_does_not_exist_is_told_the_nearest_name(project: Path) -> None:
    program = project / "stacks" / "__main__.py"
    program.write_text(program.read_text() + '\npulumi.CustomResource("aws:ec2/vpc:Vpc", "odd", {"cidrBlok": "10.0.0.0/16"}, here)\n')

    ran = _rehearse(project)

    assert ran.returncode == 1
    assert re.search(r"cidrBlok.*cidrBlock", ran.stdout)
    assert "rehearsal failed" in ran.stdout


def test_a_stale_plan_stops_it_before_the_engine_starts(project: Path) -> None:
    stack = project / "stacks" / "Pulumi.serve-aws.yaml"
    stack.write_text(stack.read_text().replace("lead_minutes: 15", "lead_minutes: 16"))

    ran = _rehearse(project)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert "lepton plan serve-aws" in ran.stderr
    assert not (project / ".lepton").exists()
