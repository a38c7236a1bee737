"""The real engine, the pack as it is, and a stack with six faults."""

import re
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from lepton_infra.catalog import machine
from lepton_infra.catalog.services import HOURS_PER_MONTH
from lepton_infra.engine import Engine, Operation, Run, Session, ensure
from lepton_infra.rehearsal.cloud import PretendCloud

with warnings.catch_warnings():
    # The pretend cloud reads the SDK in this process; pulumi_aws warns of classes of its own while it loads that module.
    warnings.simplefilter("ignore", DeprecationWarning)
    import_module("pulumi_aws.s3").Bucket  # noqa: B018 (modules load when something in them is asked for)

HERE = Path(__file__).parent
PACK = HERE.parents[1] / "policies"

FAULTS = {
    ("aws-s3-acl-public", "models"): ("mandatory", "critical"),
    ("aws-ebs-encrypted", "scratch"): ("mandatory", "high"),
    ("aws-eks-endpoint-open", "inference"): ("mandatory", "critical"),
    ("aws-iam-admin-document", "cluster"): ("mandatory", "critical"),
    ("aws-iam-star-action", "cluster"): ("mandatory", "high"),
    ("aws-iam-privesc", "cluster"): ("mandatory", "high"),
    ("cost-gpu-max-bound", "gpus"): ("mandatory", "high"),
    ("cost-owner-tag", "scratch"): ("advisory", "medium"),
}

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def engine() -> Engine:
    return ensure(print)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[PretendCloud]:
    with PretendCloud(tmp_path / "cloud", ("aws",)) as cloud:
        yield cloud


def run(engine: Engine, cloud: PretendCloud, home: Path, stack: str, operation: Operation, pack: Path = PACK) -> Run:
    with Session(engine, HERE / "guarded", stack, home, cloud.environment) as session:
        return session.run(operation, policy_packs=[pack], checkpoints=False)


def said(run: Run) -> dict[tuple[str, str], tuple[str, str]]:
    return {(one.policy, one.urn.rpartition("::")[2]): (one.level, one.severity) for one in run.violations}


def blocking(found: dict[tuple[str, str], tuple[str, str]]) -> dict[tuple[str, str], tuple[str, str]]:
    return {key: said for key, said in found.items() if said[0] == "mandatory"}


def test_a_careless_stack_is_stopped_with_a_violation_for_each_fault(engine: Engine, cloud: PretendCloud, tmp_path: Path) -> None:
    preview = run(engine, cloud, tmp_path / "home", "careless", Operation.PREVIEW)
    assert not preview.ok
    assert FAULTS.items() <= said(preview).items()
    assert blocking(said(preview)) == blocking(FAULTS)
    (world,) = [one for one in preview.violations if one.policy == "aws-eks-endpoint-open"]
    assert world.message.startswith("vpcConfig.publicAccessCidrs[0] is '0.0.0.0/1' and vpcConfig.publicAccessCidrs[1] is '128.0.0.0/1'")


def test_nothing_faulty_is_built(engine: Engine, cloud: PretendCloud, tmp_path: Path) -> None:
    up = run(engine, cloud, tmp_path / "home", "careless", Operation.UP)
    assert not up.ok
    assert blocking(said(up)).items() <= FAULTS.items()
    made = {change.type for change in up.resources if change.op == "create"}
    assert not made & {"aws:s3/bucket:Bucket", "aws:ebs/volume:Volume", "aws:eks/cluster:Cluster"}


def test_the_same_stack_without_its_faults_passes_and_what_was_unknown_is_decided(
    engine: Engine, cloud: PretendCloud, tmp_path: Path
) -> None:
    preview = run(engine, cloud, tmp_path / "home", "careful", Operation.PREVIEW)
    assert preview.ok, preview.output
    assert blocking(said(preview)) == {}
    (undecided,) = [one for one in preview.violations if one.policy == "undecided"]
    assert "aws-iam-admin-document on cluster: policy is unknown" in undecided.message
    up = run(engine, cloud, tmp_path / "home", "careful", Operation.UP)
    assert up.ok, up.output
    assert blocking(said(up)) == {}
    assert [one.message for one in up.violations if one.policy == "undecided"] == []
    relations = {one.policy: one.message for one in up.violations if one.policy in {"aws-s3-pab", "cost-unused-volume"}}
    assert relations["aws-s3-pab"].startswith("has no public access block. ")
    assert relations["cost-unused-volume"].startswith("has no attachment. ")
    checked = {check.policy for check in up.policies_checked}
    assert {policy for policy, _ in FAULTS} <= checked


def test_a_stack_that_may_cost_more_than_its_budget_is_stopped_with_the_dollars(
    engine: Engine, cloud: PretendCloud, tmp_path: Path
) -> None:
    """The budget stands in the stack file, the prices are those of `lepton cost`, and the pack loads them itself."""
    preview = run(engine, cloud, tmp_path / "home", "costly", Operation.PREVIEW)
    assert blocking(said(preview)) == {("cost-stack-max", "gpus"): ("mandatory", "high")}
    (told,) = [one.message for one in preview.violations if one.policy == "cost-stack-max"]
    h100 = machine("aws", "p5.48xlarge", "us-east-1")
    assert h100 is not None
    nodes = 8 * h100.usd_per_hour * HOURS_PER_MONTH
    costs = re.search(r"costs up to ([\d,]+) \$ a month, above 100,000 \$: gpus ([\d,]+) \$, inference", told)
    assert costs, told
    assert all(nodes < float(one.replace(",", "")) < nodes * 1.01 for one in costs.groups())
    assert not preview.ok


def test_a_rule_that_raises_stops_neither_the_engine_nor_the_other_rules(engine: Engine, cloud: PretendCloud, tmp_path: Path) -> None:
    preview = run(engine, cloud, tmp_path / "home", "careless", Operation.PREVIEW, HERE / "broken")
    found = said(preview)
    broken = {name: level for (policy, name), level in found.items() if policy == "test-broken-rule"}
    assert broken == dict.fromkeys(("models", "scratch", "inference", "cluster", "gpus"), ("advisory", "critical"))
    assert FAULTS.items() <= found.items()


def test_what_the_stack_file_excuses_stops_nobody_until_the_day_after(engine: Engine, cloud: PretendCloud, tmp_path: Path) -> None:
    preview = run(engine, cloud, tmp_path / "home", "excused", Operation.PREVIEW)
    assert blocking(said(preview)) == {("aws-ebs-encrypted", "scratch"): ("mandatory", "high")}
    assert not preview.ok
    (told,) = [one for one in preview.violations if one.policy == "exemptions"]
    assert told.level == "advisory"
    assert told.message.splitlines() == [
        "exemptions to be renewed or taken out:",
        "  aws-ebs-encrypted on *::scratch: ran out after 2020-01-31 (ml-platform@example.com)",
        "  aws-rds-encrypted on *: covers nothing; take it out (ml-platform@example.com)",
    ]
