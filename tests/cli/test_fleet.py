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
      machines: [p5.*, g6e.xlarge, a2-highgpu-1g, a3-highgpu-8g]
      max_spot_share: 0.5
      max_region_share: 0.8
"""


def _lepton(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lepton"), *arguments, "--project", str(project)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _with(project: Path, fleet: str) -> None:
    """A fleet's plan has no spread of its dollars, so a budget beside it says its own."""
    stack = project / "stacks" / "Pulumi.serve-aws.yaml"
    said = stack.read_text().replace("    budget:\n", "    budget:\n      usd_per_month: 200000\n")
    stack.write_text(said.rstrip("\n") + fleet)


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
    _with(project, "\n    fleet:\n      machines: [p5.4xlarge, g6e.xlarge]\n      max_nodes: 1\n      quotas: [{most: 200}]\n")
    plan = project / "stacks" / "plans" / "serve-aws.json"
    before = plan.read_bytes()

    ran = _lepton(project, "plan", "serve-aws")

    assert (ran.returncode, ran.stdout) == (2, "")
    assert "fleet.max_nodes, pools[0].min_nodes and pools[1].min_nodes" in ran.stderr
    assert plan.read_bytes() == before


WORDS = """
    fleet:
      clouds: [amazon]
      regions: ["mars-*", us-east-1]
      residency: [XX]
      machines: [p5.4xlargo]
      gpus: [H1000]
      quotas: [{most: 3, machine: p9.large}, {most: 3, cloud: gcp, region: us-east-1}]
"""
WORDS_SAID = (
    "clouds has 'amazon'; choose azure, aws or gcp.",
    "regions has 'mars-*'; choose ",
    "residency has 'XX'; choose an area (EEA, ",
    "machines has 'p5.4xlargo'; choose p5.4xlarge, ",
    "gpus has 'H1000'; choose H100, ",
    "quotas[0].machine is 'p9.large', which nothing for sale matches; choose ",
    "quotas[1].region is 'us-east-1', which nothing for sale in gcp matches; choose us-east1, ",
)
FIGURES = """
    fleet:
      max_spot_share: 1.5
      max_region_share: -0.1
      survive_zones: 9
      quotas: [{most: -1}]
      min_nodes: 5
      max_nodes: 2
      usd_per_month: -3
      when_short: maybe
"""
FIGURES_SAID = (
    "max_spot_share is 1.5; less than or equal to 1.",
    "max_region_share is -0.1; greater than 0.",
    "survive_zones is 9; less than or equal to 3.",
    "quotas[0].most is -1; greater than or equal to 0.",
    "max_nodes is 2; min_nodes, which is 5, or more.",
    "usd_per_month is -3; greater than 0.",
    "when_short is 'maybe'; choose 'cut' or 'refuse'.",
)
ZONES = """
    fleet: {survive_zones: 1, clouds: [azure], regions: [westus]}
"""
NOTHING = """
    fleet: {clouds: [azure], regions: [eastus], residency: [DE], max_spot_share: 0.5}
"""


@pytest.mark.parametrize(
    ("fleet", "said"),
    [
        (WORDS, [f"Pulumi.serve-aws.yaml: lepton:stack.fleet.{line}" for line in WORDS_SAID]),
        (FIGURES, [f"Pulumi.serve-aws.yaml: lepton:stack.fleet.{line}" for line in FIGURES_SAID]),
        (ZONES, [f"survive_zones is 1, and what the fleet allows for {pool} lies in 1 zone; 0 or less." for pool in ("chat", "overflow")]),
        (NOTHING, ["lepton:stack asks in fleet.regions and fleet.residency for what cannot be had together; any of these but one can"]),
    ],
    ids=["words", "figures", "zones", "nothing left"],
)
def test_every_limit_that_cannot_be_meant_is_told_at_once_in_a_sentence(project: Path, fleet: str, said: list[str]) -> None:
    _with(project, fleet)
    plan = project / "stacks" / "plans" / "serve-aws.json"
    before = plan.read_bytes()

    ran = _lepton(project, "plan", "serve-aws")

    told = [line for line in ran.stderr.splitlines() if line.startswith("error: ")]
    assert (ran.returncode, ran.stdout) == (2, "")
    assert len(told) == len(said)
    assert [part in line for part, line in zip(said, told, strict=True)] == [True] * len(said), ran.stderr
    assert plan.read_bytes() == before
