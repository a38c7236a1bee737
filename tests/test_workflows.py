"""The workflows that platform teams copy, and the hook: linted by the linters of the trade, and held to least rights."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "ci"
WORKFLOWS = [FOLDER / f"{name}.yml" for name in ("review", "rehearse", "up")]
ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"


def _read(path: Path) -> dict[str, Any]:
    # `on` is a word for true in YAML 1.1; GitHub takes it for a key.
    return yaml.load(path.read_text(), yaml.BaseLoader)  # noqa: S506 (makes nothing but text)


@pytest.fixture(scope="module")
def actionlint(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return actionlint: the one on PATH, or one built by Go."""
    if found := shutil.which("actionlint"):
        return found
    if not shutil.which("go"):
        _missing("neither actionlint nor Go is here")
    folder = tmp_path_factory.mktemp("actionlint")
    built = subprocess.run(
        ["go", "install", ACTIONLINT], env={**os.environ, "GOBIN": str(folder)}, capture_output=True, text=True, check=False
    )
    if built.returncode:
        _missing(f"actionlint cannot be built: {built.stderr[-300:]}")
    return str(folder / "actionlint")


def _missing(why: str) -> None:
    """Skip on a machine without Go; in CI there is one, and what is not linted there is linted nowhere."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture
def workflows(tmp_path: Path) -> list[Path]:
    """Return the workflows with actions by major version, of most of which actionlint knows the inputs; of commits it knows nothing."""
    found: list[Path] = []
    for workflow in WORKFLOWS:
        found.append(tmp_path / workflow.name)
        found[-1].write_text(re.sub(r"@[0-9a-f]{40} # (v\d+)\.\S+", r"@\1", workflow.read_text()))
    return found


def test_actionlint_has_nothing_to_say(actionlint: str, workflows: list[Path]) -> None:
    ran = subprocess.run([actionlint, *map(str, [*WORKFLOWS, *workflows])], capture_output=True, text=True, check=False)

    assert (ran.stdout, ran.returncode) == ("", 0)


def test_actionlint_sees_what_is_wrong(actionlint: str, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(WORKFLOWS[0].read_text().replace("github.token", "github.tokn"))

    assert subprocess.run([actionlint, str(wrong)], capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("review.yml", "fetch-depth:", "fetch-dept:"),
        ("review.yml", "path: |", "paths: |"),
        ("up.yml", "role-to-assume:", "role-to-asume:"),
    ],
)
def test_actionlint_sees_an_input_that_an_action_does_not_have(
    actionlint: str, workflows: list[Path], name: str, right: str, wrong: str
) -> None:
    (path,) = [workflow for workflow in workflows if workflow.name == name]
    path.write_text(path.read_text().replace(right, wrong, 1))

    ran = subprocess.run([actionlint, str(path)], capture_output=True, text=True, check=False)

    assert ran.returncode == 1
    assert f'input "{wrong.rstrip(" :|")}" is not defined' in ran.stdout


def _zizmor(*files: Path) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).parent / "zizmor"
    return subprocess.run(
        [tool, "--offline", "--no-progress", "--config", FOLDER / "zizmor.yml", *files], capture_output=True, text=True, check=False
    )


def test_zizmor_finds_no_hole(tmp_path: Path) -> None:
    assert (ran := _zizmor(*WORKFLOWS)).returncode == 0, ran.stdout

    open_to_all = tmp_path / ".github" / "workflows" / "open.yml"
    open_to_all.parent.mkdir(parents=True)
    open_to_all.write_text(WORKFLOWS[0].read_text().replace("  pull_request:", "  pull_request_target:"))
    assert _zizmor(open_to_all).returncode != 0


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_nothing_is_granted_but_by_a_job_and_no_secret_is_asked_for(path: Path) -> None:
    workflow = _read(path)

    assert workflow["permissions"] == {}
    assert all(job["permissions"].get("contents") == "read" for job in workflow["jobs"].values())
    assert "secrets." not in path.read_text()
    uses = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert uses
    assert all(re.search(r"@[0-9a-f]{40}$", used) for used in uses)
    # Which release a commit is stands behind it, for people and for the bots that keep both.
    assert len(re.findall(r"uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+\n", path.read_text())) == len(uses)
    # What a pull request names is text, never a part of a script.
    assert not [step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "${{" in step.get("run", "")]


def test_up_waits_for_an_environment_and_is_never_broken_off() -> None:
    up = _read(FOLDER / "up.yml")

    assert up["on"] == {"push": {"branches": ["main"]}}
    assert up["jobs"]["up"]["environment"] == "production"
    assert up["concurrency"]["cancel-in-progress"] == "false"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_lepton_command_of_a_workflow_exists(path: Path) -> None:
    """A verb or an option that is renamed breaks nobody's pipeline unseen."""
    scripts = " ".join(step.get("run", "") for job in _read(path)["jobs"].values() for step in job["steps"]).replace("\\\n", " ")
    commands = re.findall(r"lepton ((?:engine )?[a-z]+)([^|)&]*)", scripts)

    assert commands
    for verb, rest in commands:
        said = subprocess.run(
            [Path(sys.executable).parent / "lepton", *verb.split(), "--help"], capture_output=True, text=True, check=False
        )
        assert said.returncode == 0, verb
        options = set(re.findall(r"(?<!\S)--[a-z-]+", rest.partition("uv run")[0]))
        assert not {option for option in options if option not in said.stdout} - {
            "--stack",
            "--yes",
            "--non-interactive",
            "--policy-pack",
            "--raw-output",
        }, verb


def test_the_hook_runs_the_verb_that_it_names() -> None:
    hooks: Any = _read(ROOT / ".pre-commit-hooks.yaml")
    (hook,) = hooks

    assert hook["id"] == "lepton-check"
    assert hook["entry"] == "lepton check"
    matching = re.compile(hook["files"])
    assert all(matching.search(name) for name in ("stacks/__main__.py", "stacks/Pulumi.dev.yaml", "Pulumi.yaml", "stacks/plans/dev.json"))
    assert not any(matching.search(name) for name in ("README.md", "package.json"))


def test_one_action_is_the_same_commit_everywhere() -> None:
    uses = {line for path in WORKFLOWS for line in re.findall(r"uses: (\S+@\S+ # \S+)", path.read_text())}

    assert len(uses) == len({line.partition("@")[0] for line in uses})


def test_what_is_exempt_or_open_is_not_uploaded(tmp_path: Path) -> None:
    """Code scanning would make alerts of them."""
    if not shutil.which("jq"):
        _missing("jq is not here")
    steps = _read(FOLDER / "review.yml")["jobs"]["review"]["steps"]
    (script,) = [step["run"] for step in steps if step.get("name") == "Results for code scanning"]
    (upload,) = [step for step in steps if "upload-sarif" in step.get("uses", "")]
    results = [{"kind": "fail", "ruleId": "a"}, {"kind": "open", "ruleId": "b"}, {"kind": "fail", "ruleId": "c", "suppressions": [{}]}]
    (tmp_path / "review.sarif").write_text(json.dumps({"runs": [{"results": results}]}))

    subprocess.run(["bash", "-ec", script], cwd=tmp_path, check=True)

    uploaded = json.loads((tmp_path / upload["with"]["sarif_file"]).read_text())
    assert [one["ruleId"] for one in uploaded["runs"][0]["results"]] == ["a"]
