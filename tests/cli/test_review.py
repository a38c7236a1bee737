"""`lepton review` and `lepton draw` as a user types them."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

LEPTON = Path(sys.executable).parent / "lepton"
DISK = "aws:ebs/volume:Volume"
TAGS = {"owner": "me", "team": "t", "environment": "dev"}
GOOD = {"type": DISK, "name": "disk", "inputs": {"encrypted": True, "tags": TAGS}}
OPEN = {"type": DISK, "name": "disk", "inputs": {"encrypted": False, "tags": TAGS}}
UNTAGGED = {"type": DISK, "name": "disk", "inputs": {"encrypted": True}}
PROGRAM = """
import pulumi
pulumi.CustomResource("aws:ebs/volume:Volume", "disk", {"encrypted": True, "size": SIZE})
"""


def _lepton(*arguments: str | Path, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LEPTON, *arguments], capture_output=True, text=True, check=False, cwd=cwd, env={**os.environ, **environment})


def _graph(path: Path, name: str, *resources: dict[str, Any]) -> Path:
    file = path / f"{name}.json"
    file.write_text(json.dumps({"project": "shop", "stack": "dev", "resources": resources}))
    return file


@pytest.mark.parametrize(
    ("before", "now", "code"),
    [(GOOD, GOOD, 0), (GOOD, OPEN, 1), (OPEN, OPEN, 0), (OPEN, GOOD, 0), (GOOD, UNTAGGED, 0)],
)
def test_only_what_is_newly_broken_and_severe_is_a_no(tmp_path: Path, before: dict[str, Any], now: dict[str, Any], code: int) -> None:
    ran = _lepton("review", "--graph", _graph(tmp_path, "now", now), "--against", _graph(tmp_path, "base", before))

    assert ran.returncode == code
    assert ran.stdout.startswith("<!-- lepton-review:dev -->\n")


def test_every_document_is_written_where_it_was_asked_for(tmp_path: Path) -> None:
    out = {name: tmp_path / f"out.{name}" for name in ("md", "html", "sarif", "xml")}
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")

    ran = _lepton(
        *("review", "--graph", _graph(tmp_path, "now", OPEN), "--against", _graph(tmp_path, "base", GOOD), "--github"),
        *("--out", out["md"], "--html", out["html"], "--sarif", out["sarif"], "--junit", out["xml"]),
        GITHUB_STEP_SUMMARY=str(summary),
    )

    assert ran.returncode == 1
    assert ran.stdout.startswith("::error file=Pulumi.yaml,line=1,title=aws-ebs-encrypted::disk")
    assert summary.read_text() == "before\n" + out["md"].read_text()
    assert out["html"].read_text().startswith("<!doctype html>")
    results = json.loads(out["sarif"].read_text())["runs"][0]["results"]
    assert "aws-ebs-encrypted" in {one["ruleId"] for one in results}
    assert ET.parse(out["xml"]).getroot().get("failures") == str(len(results))  # noqa: S314 (our own)


def test_one_document_on_stdout_and_notes_beside_it(tmp_path: Path) -> None:
    ran = _lepton(
        "review",
        "--graph",
        _graph(tmp_path, "now", OPEN),
        "--against",
        _graph(tmp_path, "base", GOOD),
        "--json",
        "--out",
        tmp_path / "a.md",
    )

    record = json.loads(ran.stdout)
    assert (record["against"], record["blocking"]) == ("base.json", 1)
    assert [change["path"] for change in record["changed"][0]["changes"]] == ["encrypted"]
    assert "written: " in ran.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "--against: is 'main', which is no file"),
        (["--against", "nowhere.json"], "'nowhere.json'"),
        (["--against", "{base}", "--sarif", "a.x", "--junit", "a.x"], "a file of its own"),
        (["--against", "{base}", "--html", "{base}/no/such.html"], "cannot be written"),
        (["--against", "{broken}"], "is not JSON"),
    ],
)
def test_bad_input_is_a_sentence_and_nothing_is_written(tmp_path: Path, options: list[str], said: str) -> None:
    files = {"base": _graph(tmp_path, "base", GOOD), "now": _graph(tmp_path, "now", GOOD), "broken": tmp_path / "broken.json"}
    files["broken"].write_text("{")
    before = sorted(tmp_path.iterdir())

    ran = _lepton("review", "--graph", files["now"], *(option.format(**files) for option in options), cwd=tmp_path)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert sorted(tmp_path.iterdir()) == before


def _git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a project below the top of a repository, with a disk of 10 GiB on main and of 20 GiB in the checkout."""
    project = tmp_path / "infra"
    project.mkdir()
    (project / ".venv").symlink_to(sys.prefix)
    (tmp_path / ".gitignore").write_text(".venv\n")
    (project / "Pulumi.yaml").write_text("name: shop\nruntime:\n  name: python\n  options:\n    toolchain: uv\n")
    (project / "Pulumi.dev.yaml").write_text("config: {}\n")
    (project / "__main__.py").write_text(PROGRAM.replace("SIZE", "10"))
    _git(tmp_path, "init")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-m", "first")
    (project / "__main__.py").write_text(PROGRAM.replace("SIZE", "20"))
    return project


def test_a_program_is_held_against_a_git_ref(repository: Path) -> None:
    ran = _lepton("review", "dev", "--against", "main", "--json", cwd=repository)

    record = json.loads(ran.stdout)
    assert [(one["path"], one["old"], one["new"]) for one in record["changed"][0]["changes"]] == [("size", 10, 20)]
    assert {(one["file"], one["line"]) for one in record["broken"]} == {("infra/__main__.py", 3)}
    assert not any(one["new"] for one in record["broken"])
    assert ran.returncode == 0


def test_a_stack_that_the_base_does_not_have_is_all_new(repository: Path) -> None:
    (repository / "Pulumi.prod.yaml").write_text("config: {}\n")

    ran = _lepton("review", "prod", "--against", "main", "--json", cwd=repository)

    assert [one["name"] for one in json.loads(ran.stdout)["created"]] == ["disk"]
    assert "main has no stack prod: everything counts as new" in ran.stderr


def test_a_ref_that_is_none_is_bad_input(repository: Path) -> None:
    ran = _lepton("review", "dev", "--against", "--output=x", cwd=repository)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert "'--output=x'" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "begins"), [([], "flowchart TB\n"), (["--format", "dot"], "digraph "), (["--format", "svg"], "<svg "), (["--json"], "{")]
)
def test_a_picture_goes_to_stdout(tmp_path: Path, arguments: list[str], begins: str) -> None:
    ran = _lepton("draw", "--graph", _graph(tmp_path, "now", GOOD), *arguments)

    assert ran.returncode == 0
    assert ran.stdout.startswith(begins)


def test_the_name_of_a_file_tells_the_format(tmp_path: Path) -> None:
    for name, begins in (("a.svg", "<svg "), ("a.dot", "digraph "), ("a.md", "flowchart TB")):
        ran = _lepton("draw", "--graph", _graph(tmp_path, "now", GOOD), "--out", tmp_path / name)
        assert (ran.returncode, ran.stdout) == (0, "")
        assert (tmp_path / name).read_text().startswith(begins)


def test_a_format_that_is_none_is_bad_input(tmp_path: Path) -> None:
    ran = _lepton("draw", "--graph", _graph(tmp_path, "now", GOOD), "--format", "png")

    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.strip() == "error: --format: is 'png'; mermaid, dot or svg."


def test_a_change_that_doubles_the_worst_month_is_said_in_dollars(tmp_path: Path) -> None:
    def pool(most: int) -> dict[str, Any]:
        sizes = {"minSize": 0, "desiredSize": 0, "maxSize": most}
        inputs = {"instanceTypes": ["g6.xlarge"], "scalingConfig": sizes, "diskSize": 50, "region": "us-east-1", "tags": TAGS}
        return {"type": "aws:eks/nodeGroup:NodeGroup", "name": "chat", "inputs": inputs}

    def said(before: int, now: int) -> list[str]:
        files = (_graph(tmp_path, name, pool(most)) for name, most in (("now", now), ("base", before)))
        ran = _lepton("review", "--graph", next(files), "--against", next(files), "--json")
        return [one["message"] for one in json.loads(ran.stdout)["broken"] if one["rule"] == "cost-stack-rise"]

    (told,) = said(2, 4)
    assert told.startswith("is the dearest of a stack that costs up to ")
    assert " a month, 100% more than " in told
    assert said(2, 3) == said(4, 2) == []
