"""`lepton plan` and `lepton rehearse` of a stack whose pools are one fleet."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FLEET = """
    fleet:
      regions: [us-east*]
      max_spot_share: 0.5
      max_region_share: 0.8
"""


def _lepton(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lepton"), *arguments, "--project", str(project)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _with(project: Path, fleet: str) -> None:
    stack = project / "stacks" / "Pulumi.serve-aws.yaml"
    stack.write_text(stack.read_text().rstrip("\n") + fleet)


@pytest.mark.engine
def test_a_fleet_is_planned_and_what_falls_here_is_built_and_torn_down(project: Path) -> None:
    _with(project, FLEET)
    assert _lepton(project, "plan", "serve-aws", "--check").returncode == 2

    planned = _lepton(project, "plan", "serve-aws", "--json")

    fleet: dict[str, Any] = json.loads(planned.stdout)["fleet"]
    assert {use["pool"] for use in fleet["uses"]} == {"chat", "overflow"}
    assert all(use["here"] == ((use["cloud"], use["region"]) == ("aws", "us-east-1")) for use in fleet["uses"])
    assert {limit["limit"] for limit in fleet["limits"]} >= {"fleet.regions", "fleet.max_spot_share", "fleet.max_region_share"}
    assert {rival["name"] for rival in fleet["rivals"]} >= {"least-loaded-first", "on demand alone"}
    parts = fleet["builds"]
    assert _lepton(project, "plan", "serve-aws", "--check").returncode == 0

    ran = _lepton(project, "rehearse", "serve-aws", "--json")

    said: dict[str, Any] = json.loads(ran.stdout)
    assert (ran.returncode, said["faults"], said["orphans"]) == (0, [], [])
    built = said["resources_by_type"]
    assert built["aws:autoscaling/group:Group"] == sum(part["pool"] == "overflow" for part in parts)
    assert built["aws:eks/nodeGroup:NodeGroup"] == 1 + sum(part["pool"] == "chat" for part in parts)


def test_limits_that_cannot_all_be_kept_are_named_and_nothing_is_written(project: Path) -> None:
    _with(project, "\n    fleet:\n      max_nodes: 1\n      quotas: [{most: 200}]\n")
    plan = project / "stacks" / "plans" / "serve-aws.json"
    before = plan.read_bytes()

    ran = _lepton(project, "plan", "serve-aws")

    assert (ran.returncode, ran.stdout) == (2, "")
    assert "fleet.max_nodes, pools[0].min_nodes and pools[1].min_nodes" in ran.stderr
    assert plan.read_bytes() == before
