"""The pack where a platform team has it: in a directory and an environment of its own, with a rule of its own, and on a state in a file."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lepton_infra.engine import Engine, Operation, Session, ensure
from lepton_infra.rehearsal.cloud import PretendCloud

ROOT = Path(__file__).parents[2]
GUARDED = Path(__file__).parent / "guarded"
PAGE = (ROOT / "docs" / "writing-rules.md").read_text(encoding="utf-8")
QUEUE = '\naws.sqs.Queue("prompts", sqs_managed_sse_enabled=False, tags=owner)\n'
"""What the rule of one's own is against."""

pytestmark = pytest.mark.engine


class Said(NamedTuple):
    """A finding, without its words."""

    rule: str
    urn: str
    severity: str
    level: str


@pytest.fixture(scope="module")
def engine() -> Engine:
    return ensure(print)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PretendCloud]:
    with PretendCloud(tmp_path_factory.mktemp("cloud") / "aws", ("aws",)) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the careless stack with a queue more."""
    copy = tmp_path_factory.mktemp("platform") / "guarded"
    shutil.copytree(GUARDED, copy, ignore=shutil.ignore_patterns("__pycache__"))
    described = (copy / "Pulumi.yaml").read_text()
    (copy / "Pulumi.yaml").write_text(described.replace("../../../.venv", sys.prefix))
    with (copy / "__main__.py").open("a") as program:
        program.write(QUEUE)
    return copy


@pytest.fixture(scope="module")
def state(engine: Engine, cloud: PretendCloud, project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the exported state of that stack, brought up without a pack."""
    home = tmp_path_factory.mktemp("home")
    with Session(engine, project, "careless", home, cloud.environment) as session:
        up = session.run(Operation.UP, checkpoints=False)
        assert up.ok, up.output
        return session.export(home / "state.json")


@pytest.fixture(scope="module")
def guardrails(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a pack as docs/writing-rules.md says to make one, far from this workspace, with this project's wheels in its environment."""
    pack = tmp_path_factory.mktemp("elsewhere") / "guardrails"
    pack.mkdir()
    for name in ("PulumiPolicy.yaml", "__main__.py"):
        (pack / name).write_text(titled(name))
    card = re.search(r"```python\n(.*?example-queue-encrypted.*?)```", PAGE, re.DOTALL)
    assert card
    (pack / "queues.py").write_text(card[1])
    install(pack / "venv", pack.parent / "wheels")
    return pack


def titled(name: str) -> str:
    found = re.search(rf'```\w+ title="guardrails/{re.escape(name)}"\n(.*?)```', PAGE, re.DOTALL)
    assert found
    return found[1]


def install(environment: Path, wheels: Path) -> None:
    """Build our wheels and install them with what they need, of the locked versions, from uv's cache where it has them."""
    needed = wheels / "requirements.txt"
    uv("build", "--wheel", "--all-packages", "--out-dir", wheels, ROOT)
    exported = ("--package", "lepton-policies", "--no-dev", "--no-emit-workspace", "--no-hashes", "--output-file", needed)
    uv("export", "--project", ROOT, "--frozen", *exported)
    uv("venv", environment, "--python", sys.executable)
    ours = sorted(path for path in wheels.glob("*.whl") if "components" not in path.name)
    uv("pip", "install", "--python", environment, "--no-deps", "--requirements", needed, *ours)


def uv(*arguments: str | Path) -> None:
    """Run uv, first without network."""
    tool = os.environ.get("UV") or shutil.which("uv")
    assert tool, "these tests need uv, as the project does"
    for network in (["--offline"], []):
        ended = subprocess.run([tool, *network, "--quiet", *arguments], capture_output=True, text=True, check=False)
        if ended.returncode == 0:
            return
    raise AssertionError(ended.stderr)


def analyze(engine: Engine, state: Path, pack: Path, home: Path, config: Mapping[str, object] | None = None) -> tuple[int, list[Any]]:
    """Run `pulumi policy analyze` on a file, with no backend and no stack; return its exit code and the violations that it prints."""
    home.mkdir(exist_ok=True)
    line = ["policy", "analyze", "--file", str(state), "--policy-pack", str(pack), "--json"]
    if config is not None:
        (home / "config.json").write_text(json.dumps(config))
        line += ["--policy-pack-config", str(home / "config.json")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")} | {
        "LEPTON_PYTHON": sys.executable,
        "PATH": os.pathsep.join((str(engine.directory), os.environ["PATH"])),
        "PULUMI_HOME": str(home),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    ended = subprocess.run([engine.executable, *line], cwd=home, env=environment, capture_output=True, text=True, check=False)
    events = [json.loads(text) for text in ended.stdout.splitlines()]
    assert any("summaryEvent" in event for event in events), ended.stderr
    return ended.returncode, [event["policyEvent"] for event in events if "policyEvent" in event]


def told(events: list[Any]) -> set[Said]:
    return {Said(one["policyName"], one["resourceUrn"], one["severity"], one["enforcementLevel"]) for one in events}


def check(state: Path) -> list[Any]:
    """Return the findings of `lepton check --state`."""
    lepton = Path(sys.executable).parent / "lepton"
    ended = subprocess.run([lepton, "check", "--state", state, "--json"], capture_output=True, text=True, check=False)
    assert ended.returncode == 1, ended.stderr
    return json.loads(ended.stdout)["findings"]


def expected(findings: list[Any]) -> set[Said]:
    """Return violations as the engine is to tell them."""
    return {
        Said(one["rule"], one["urn"], one["severity"], "mandatory" if one["severity"] in {"critical", "high"} else "advisory")
        for one in findings
        if one["verdict"] == "fail"
    }


def test_a_state_in_a_file_is_judged_alike_by_the_engine_and_by_lepton(engine: Engine, state: Path, tmp_path: Path) -> None:
    code, events = analyze(engine, state, ROOT / "policies", tmp_path / "home")
    findings = check(state)
    assert told(events) == expected(findings)
    assert {"aws-s3-acl-public", "aws-ebs-encrypted", "cost-gpu-max-bound", "aws-s3-pab"} <= {one.rule for one in told(events)}
    assert code != 0
    words = {(one["rule"], one["urn"]): one["message"] for one in findings}
    assert [one for one in events if not one["message"].startswith(words[one["policyName"], one["resourceUrn"]])] == []


def test_a_secret_that_nobody_can_decrypt_is_unknown_to_both(engine: Engine, state: Path, tmp_path: Path) -> None:
    exported = json.loads(state.read_text())
    sealed = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "AAABAMaZ"}
    for resource in exported["deployment"]["resources"]:
        if resource["type"] == "aws:s3/bucket:Bucket":
            resource["inputs"]["acl"] = resource["outputs"]["acl"] = sealed
    (tmp_path / "state.json").write_text(json.dumps(exported))
    _, events = analyze(engine, tmp_path / "state.json", ROOT / "policies", tmp_path / "home")
    findings = check(tmp_path / "state.json")
    assert [one["message"] for one in findings if one["verdict"] == "undecided"] == ["acl is unknown"]
    (undecided,) = [one for one in events if one["policyName"] == "undecided"]
    assert undecided["message"].splitlines() == [
        "cannot tell: 1 check could not be decided",
        "  aws-s3-acl-public on models: acl is unknown",
    ]
    assert told([one for one in events if one is not undecided]) == expected(findings)


def violations(engine: Engine, cloud: PretendCloud, project: Path, home: Path, pack: Path) -> set[Said]:
    with Session(engine, project, "careless", home, cloud.environment) as session:
        preview = session.run(Operation.PREVIEW, policy_packs=[pack], checkpoints=False)
    assert not preview.ok
    return {Said(one.policy, one.urn, one.severity, one.level) for one in preview.violations if one.policy != "undecided"}


def test_a_pack_in_an_environment_of_its_own_finds_the_same_and_what_is_ones_own(
    engine: Engine, cloud: PretendCloud, project: Path, guardrails: Path, tmp_path: Path
) -> None:
    here = violations(engine, cloud, project, tmp_path / "here", ROOT / "policies")
    there = violations(engine, cloud, project, tmp_path / "there", guardrails)
    own = {one for one in there if one.rule == "example-queue-encrypted"}
    assert there - own == here
    assert {(one.urn.rpartition("::")[2], one.severity, one.level) for one in own} == {("prompts", "medium", "advisory")}
    assert {"aws-s3-acl-public", "aws-iam-admin-document", "cost-owner-tag"} <= {one.rule for one in here}


def test_one_configuration_rules_our_rules_and_ones_own(engine: Engine, state: Path, guardrails: Path, tmp_path: Path) -> None:
    _, plain = analyze(engine, state, guardrails, tmp_path / "home")
    config = {
        "all": "advisory",
        "example-queue-encrypted": "mandatory",
        "aws-s3-acl-public": "disabled",
        "cost-gpu-max-bound": {"maxGpus": 1_000_000},
    }
    code, configured = analyze(engine, state, guardrails, tmp_path / "home", config)
    silenced = {"aws-s3-acl-public", "cost-gpu-max-bound"}
    assert silenced <= {one.rule for one in told(plain)}
    assert {one.rule for one in told(configured)} == {one.rule for one in told(plain)} - silenced
    assert {one.rule for one in told(configured) if one.level == "mandatory"} == {"example-queue-encrypted"}
    assert code != 0
    code, _ = analyze(engine, state, guardrails, tmp_path / "home", {"all": "advisory"})
    assert code == 0
