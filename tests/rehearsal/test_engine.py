"""The real engine and an unmodified program on the pretend cloud."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lepton_infra.engine import Operation, Run, Session, ensure
from lepton_infra.engine.events import Done, Event
from lepton_infra.rehearsal.cloud import PretendCloud

from .conftest import tamper

pytestmark = pytest.mark.engine
HERE = Path(__file__).parent
RESOURCES = 12
"""What program.py builds; the engine counts the stack itself too."""


@dataclass
class Stage:
    """A project, a pretend cloud and an engine."""

    project: Path
    store: Path
    cloud: PretendCloud
    session: Session

    def run(self, operation: Operation, **settings: str) -> Run:
        self.set(**settings)
        return self.session.run(operation)

    def set(self, **settings: str) -> None:
        lines = ["config:", "  aws:region: us-east-1", "  aws:defaultTags: {tags: {owner: me}}"]
        lines += [f"  shop:{name}: {json.dumps(value)}" for name, value in settings.items()]
        (self.project / "Pulumi.dev.yaml").write_text("\n".join(lines) + "\n")

    def ids(self, kind: str) -> list[str]:
        return [held.id for held in self.cloud.resources() if held.type.endswith(f":{kind}")]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    engine = ensure(lambda _: None)
    project = tmp_path / "project"
    project.mkdir()
    shutil.copy(HERE / "program.py", project / "__main__.py")
    (project / "Pulumi.yaml").write_text(f"name: shop\nruntime: {{name: python, options: {{virtualenv: {sys.prefix}}}}}\n")
    store = tmp_path / "cloud.sqlite"
    with PretendCloud(store) as cloud, Session(engine, project, "dev", tmp_path / "home", cloud.environment) as session:
        yield Stage(project, store, cloud, session)


def _changed(run: Run) -> dict[str, str]:
    return {change.urn.rpartition("::")[2]: change.op for change in run.resources if change.op not in {"same", "create", "refresh"}}


def test_a_stack_goes_up_changes_and_comes_down(stage: Stage) -> None:
    previewed = stage.run(Operation.PREVIEW, user_data="hush-hush")
    assert previewed.ok, previewed.output
    assert stage.cloud.resources() == ()
    up = stage.run(Operation.UP, user_data="hush-hush")
    assert up.ok, up.output
    assert previewed.changes == up.changes == {"create": RESOURCES + 1}
    assert len(stage.cloud.resources()) == RESOURCES

    again = stage.run(Operation.UP, user_data="hush-hush")
    assert again.ok
    assert again.changes == {"same": RESOURCES + 1}
    state = next((stage.project.parent / "home").rglob("shop/dev.json")).read_text()
    assert "hush-hush" not in state
    assert "us-east-1b" in state

    refreshed = stage.run(Operation.REFRESH, user_data="hush-hush")
    assert refreshed.ok
    assert refreshed.changes == {"same": RESOURCES + 1}

    changed = stage.run(Operation.UP, user_data="hush-hush", most="5", purpose="other")
    assert changed.ok, changed.output
    assert changed.changes == {"same": RESOURCES - 1, "update": 2}

    networks = stage.ids("Vpc")
    replaced = stage.run(Operation.UP, user_data="hush-hush", most="5", purpose="other", cidr="10.0.0.0/15")
    assert replaced.ok, replaced.output
    assert replaced.changes["replace"] >= 4
    assert len(stage.ids("Vpc")) == 1
    assert stage.ids("Vpc") != networks

    destroyed = stage.run(Operation.DESTROY)
    assert destroyed.ok, destroyed.output
    assert stage.cloud.resources() == ()


def test_drift_is_found_and_mended(stage: Stage) -> None:
    assert stage.run(Operation.UP).ok
    tamper(stage.store, "delete from resources where kind = ?", "aws:kms/alias:Alias")
    tamper(
        stage.store,
        "update resources set outputs = json_set(outputs, '$.scalingConfig.maxSize', 9) where kind = ?",
        "aws:eks/nodeGroup:NodeGroup",
    )
    found = stage.run(Operation.REFRESH)
    assert found.ok, found.output
    assert {change.urn.rpartition("::")[2]: change.op for change in found.resources if change.op in {"update", "delete"}} == {
        "gpu": "update",
        "key": "delete",
    }
    mended = stage.run(Operation.UP)
    assert mended.ok, mended.output
    assert mended.changes == {"same": RESOURCES - 1, "create": 1, "update": 1}
    assert len(stage.cloud.resources()) == RESOURCES
    assert stage.run(Operation.DESTROY).ok
    assert stage.cloud.resources() == ()


def test_a_misspelt_argument_is_refused_with_the_nearest_name(stage: Stage) -> None:
    run = stage.run(Operation.UP, typo="endpoint_privat_access")

    assert not run.ok
    assert any("the nearest argument is 'endpointPrivateAccess'" in failure.message for failure in run.failures)
    assert stage.ids("Cluster") == []
    assert stage.run(Operation.DESTROY).ok
    assert stage.cloud.resources() == ()


def test_a_killed_run_can_go_on(stage: Stage) -> None:
    """What was built and never written down is an orphan, as in AWS; the next run reaches its goal beside it.

    Without checkpoints, so that nothing is written down: with them the engine may be killed in the middle of writing its state.
    """
    stage.set()

    def kill(event: Event) -> None:
        if isinstance(event, Done) and event.type == "aws:ec2/subnet:Subnet":
            for pid in _engines():
                os.kill(pid, signal.SIGKILL)

    killed = stage.session.run(Operation.UP, listen=kill, checkpoints=False)
    assert not killed.ok
    before = {held.id for held in stage.cloud.resources()}
    assert before
    went_on = stage.run(Operation.UP)
    assert went_on.ok, went_on.output
    assert stage.run(Operation.UP).changes == {"same": RESOURCES + 1}
    assert stage.run(Operation.DESTROY).ok
    assert {held.id for held in stage.cloud.resources()} == before


def _engines() -> list[int]:
    """Return the engines that this process has started, however deep."""
    table = subprocess.run(["ps", "-eo", "pid=,ppid=,comm="], capture_output=True, text=True, check=True).stdout
    rows = [(int(pid), int(parent), command) for pid, parent, command in (line.split(None, 2) for line in table.splitlines())]
    ours, grown = {os.getpid()}, True
    while grown:
        more = {pid for pid, parent, _ in rows if parent in ours} - ours
        ours, grown = ours | more, bool(more)
    return [pid for pid, _, command in rows if pid in ours and Path(command.strip()).name == "pulumi"]


REGIONS = """
import pulumi
import pulumi_aws as aws

for region in ("us-west-2", "eu-west-1"):
    provider = aws.Provider(region, region=region, default_tags={"tags": {"where": region}})
    zones = aws.get_availability_zones(opts=pulumi.InvokeOptions(provider=provider))
    pulumi.export(region, zones.names)
    aws.ec2.Vpc(region, cidr_block="10.0.0.0/16", opts=pulumi.ResourceOptions(provider=provider))
aws.ec2.Vpc("us-east-1", cidr_block="10.0.0.0/16")
"""


def test_every_provider_of_a_program_keeps_its_region_and_tags(stage: Stage) -> None:
    (stage.project / "__main__.py").write_text(REGIONS)
    up = stage.run(Operation.UP)
    assert up.ok, up.output
    networks = [held.outputs for held in stage.cloud.resources()]

    assert {str(one["arn"]).split(":")[3]: one.get("tagsAll") for one in networks} == {
        "us-east-1": {"owner": "me"},
        "us-west-2": {"where": "us-west-2"},
        "eu-west-1": {"where": "eu-west-1"},
    }
    assert stage.run(Operation.UP).changes == {"same": 6}
    assert stage.run(Operation.DESTROY).ok
    assert stage.cloud.resources() == ()


ADOPTING = """
import pulumi
import pulumi_aws as aws

options = pulumi.ResourceOptions(import_="fixed")
aws.iam.Role("node", name="fixed", assume_role_policy="{}", opts=options if pulumi.Config().get("adopt") else None)
"""


def test_what_a_killed_run_left_under_a_fixed_name_is_refused_and_then_adopted(stage: Stage) -> None:
    (stage.project / "__main__.py").write_text(ADOPTING)
    assert stage.run(Operation.UP).ok
    # As if the state had never been written: the cloud has the role, and the stack does not know of it.
    with_new_home = Session(ensure(lambda _: None), stage.project, "dev", stage.project.parent / "other", stage.cloud.environment)
    with with_new_home as session:
        refused = session.run(Operation.UP)
        assert any("EntityAlreadyExists" in failure.message for failure in refused.failures)
        stage.set(adopt="yes")
        adopted = session.run(Operation.UP)
        assert adopted.ok, adopted.output
        assert session.run(Operation.DESTROY).ok
    assert stage.cloud.resources() == ()
