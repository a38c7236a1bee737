"""The stack that we ship goes up, changes and comes down, each by an engine and a cloud of its own that know only what was stored."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lepton_infra.engine import Operation, Run, Session, ensure
from lepton_infra.rehearsal.cloud import Held, PretendCloud


@pytest.fixture
def run(project: Path, tmp_path: Path) -> Callable[[Operation], tuple[Run, tuple[Held, ...]]]:
    """Return what runs one operation and tells what it did and what the cloud holds then."""

    def operate(operation: Operation) -> tuple[Run, tuple[Held, ...]]:
        with (
            PretendCloud(tmp_path / "cloud.sqlite") as cloud,
            Session(ensure(lambda _: None), project, "serve-aws", tmp_path / "home", cloud.environment) as session,
        ):
            if operation is Operation.DESTROY:
                session.unprotect()
            return session.run(operation, checkpoints=False), cloud.resources()

    return operate


def test_no_rule_of_ours_finds_anything_in_it(project: Path) -> None:
    """What cannot be told before the stack is up is told in rehearsal, where nothing is left undecided."""
    command = [str(Path(sys.executable).parent / "lepton"), "check", "serve-aws", "--project", str(project), "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    said: dict[str, Any] = json.loads(ran.stdout)
    assert ran.returncode == 0, ran.stdout
    assert {finding["verdict"] for finding in said["findings"]} <= {"undecided"}
    assert all("unknown" in finding["message"] or "depending on" in finding["message"] for finding in said["findings"])


@pytest.mark.engine
def test_it_goes_up_changes_in_place_and_comes_down(project: Path, run: Callable[[Operation], tuple[Run, tuple[Held, ...]]]) -> None:
    first, held = run(Operation.UP)
    assert first.failures == ()
    subnets = {one.id for one in held if one.type == "aws:ec2/subnet:Subnet"}
    stack = project / "stacks" / "Pulumi.serve-aws.yaml"
    # None of these is what the plan was made from, so it stays fresh.
    stack.write_text(stack.read_text().replace("zones: 3", "zones: 4\n      flow_log_days: 90").replace("team: inference", "team: serving"))

    second, held = run(Operation.UP)

    assert second.failures == ()
    changed = {change.op for change in second.resources}
    assert changed <= {"same", "create", "update"}, "a zone and a tag are no reason to replace anything"
    assert {one.id for one in held if one.type == "aws:ec2/subnet:Subnet"} > subnets
    assert {one.inputs["tags"]["team"] for one in held if isinstance(one.inputs.get("tags"), dict)} == {"serving"}
    assert [one.inputs["retentionInDays"] for one in held if one.name.startswith("network") and "logGroup" in one.type] == [90]

    down, held = run(Operation.DESTROY)

    assert (down.failures, held) == ((), ())
