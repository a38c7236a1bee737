"""`lepton cost` as a user types it: documents, exit codes, a git ref whose program is run, and what is refused."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

LEPTON = Path(sys.executable).parent / "lepton"
PROGRAM = """
import pulumi
from shop import GIB

class Volume(pulumi.CustomResource):
    def __init__(self, name, inputs):
        super().__init__("aws:ebs/volume:Volume", name, inputs)

Volume("data", {"type": "gp3", "size": GIB})
"""
DISK = {"type": "aws:ebs/volume:Volume", "name": "disk", "inputs": {"type": "gp3", "size": 100, "region": "us-east-1"}}
LATE = {"type": "aws:ebs/volume:Volume", "name": "late", "inputs": {"type": "gp3", "size": {"$unknown": True}, "region": "us-east-1"}}
BUCKET = {"type": "aws:s3/bucket:Bucket", "name": "models", "inputs": {}}


def _lepton(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LEPTON, "cost", *arguments], capture_output=True, text=True, check=False, env={**os.environ, **environment})


def _graph(path: Path, *resources: dict[str, Any], name: str = "graph.json") -> Path:
    file = path / name
    file.write_text(json.dumps({"format": "lepton.graph/1", "resources": resources}))
    return file


def _git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", folder, *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a project inside a repository, whose last commit asks for less than its files do."""
    project = tmp_path / "repository" / "infra"
    project.mkdir(parents=True)
    (project / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    (project / "Pulumi.dev.yaml").write_text("config: {aws:region: us-east-1}\n")
    (project / "__main__.py").write_text(PROGRAM)
    (project / "shop.py").write_text("GIB = 100\n")
    _git(project.parent, "init", "--quiet", "--initial-branch=main")
    _git(project.parent, "add", "-A")
    _git(project.parent, "commit", "--quiet", "-m", "one")
    (project / "shop.py").write_text("GIB = 250\n")
    return project


def test_a_git_ref_is_run_as_it_was(repository: Path) -> None:
    ran = _lepton("dev", "--project", repository, "--against", "main", "--json", PULUMI_PYTHON_CMD=sys.executable)

    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said["usd_per_month"] == {"low": 20.0, "expected": 20.0, "high": 20.0}
    assert said["against"]["usd_per_month_before"]["expected"] == 8.0
    (change,) = said["against"]["changes"]
    assert (change["change"], change["name"], change["usd_per_month_difference"]["high"]) == ("changed", "data", 12.0)
    assert not [path for path in repository.parent.rglob("*") if path.suffix == ".tar"]


@pytest.mark.parametrize(("limit", "code"), [("11.99", 1), ("12", 0)])
def test_what_a_change_adds_can_be_limited(repository: Path, limit: str, code: int) -> None:
    arguments = ["dev", "--project", repository, "--against", "HEAD", "--fail-above", limit]

    assert _lepton(*arguments, PULUMI_PYTHON_CMD=sys.executable).returncode == code


def test_a_program_that_fails_at_the_ref_is_named_with_it(repository: Path) -> None:
    (repository / "shop.py").write_text("raise ValueError('early')\n")
    _git(repository.parent, "commit", "--quiet", "-am", "broken")
    (repository / "shop.py").write_text("GIB = 250\n")

    ran = _lepton("dev", "--project", repository, "--against", "main", PULUMI_PYTHON_CMD=sys.executable)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert "error: main: shop.py:1 raised ValueError: early" in ran.stderr


def test_a_stack_that_the_ref_does_not_have_is_named(repository: Path) -> None:
    (repository / "Pulumi.new.yaml").write_text("config: {}\n")

    ran = _lepton("new", "--project", repository, "--against", "main", PULUMI_PYTHON_CMD=sys.executable)

    assert ran.returncode == 2
    assert "error: main: new has no file Pulumi.new.yaml" in ran.stderr


@pytest.mark.parametrize("ref", ["nosuch", "--output=/tmp/x", "main:infra", "", "a" * 5000, "x\ny"])
def test_a_ref_that_is_none_is_refused(repository: Path, ref: str) -> None:
    ran = _lepton("dev", "--project", repository, f"--against={ref}", PULUMI_PYTHON_CMD=sys.executable)

    assert ran.returncode == (2 if ref else 0)
    assert "Traceback" not in ran.stderr
    assert ("neither a file nor a ref" in ran.stderr) == bool(ref)


def test_the_document_names_prices_and_what_has_none(tmp_path: Path) -> None:
    ran = _lepton("--graph", _graph(tmp_path, DISK, LATE, BUCKET), "--json")

    said = json.loads(ran.stdout)
    assert ran.returncode == 0
    (item,) = said["items"]
    assert (item["name"], item["component"], item["as_of"], item["old"]) == ("disk", "disk", "2026-06-30", item["old"])
    assert item["source"].startswith("https://")
    assert {(one["reason"], one["count"], *one["names"]) for one in said["unpriced"]} == {("undecided", 1, "late"), ("by use", 1, "models")}
    assert said["usd_per_month"]["expected"] == pytest.approx(8.0)


@pytest.mark.parametrize(
    ("resources", "options", "code"),
    [
        ([DISK], [], 0),
        ([DISK, LATE], ["--strict"], 3),
        ([DISK, BUCKET], ["--strict"], 0),
        ([DISK], ["--fail-above", "7.99"], 1),
        ([DISK], ["--fail-above", "8"], 0),
    ],
)
def test_the_exit_code_says_it(tmp_path: Path, resources: list[dict[str, Any]], options: list[str], code: int) -> None:
    assert _lepton("--graph", _graph(tmp_path, *resources), *options).returncode == code


def test_a_person_reads_totals_and_what_is_open_in_a_hundred_columns(tmp_path: Path) -> None:
    ran = _lepton("--graph", _graph(tmp_path, DISK, LATE, BUCKET), COLUMNS="100")

    assert ran.stdout.startswith("graph: 8 $ a month of 730 hours as planned, at list prices\n")
    assert "not priced, undecided: 1 resource\n  1 x aws:ebs/volume:Volume (late): volumeSize is known only after the update" in ran.stdout
    assert "https://aws.amazon.com/ebs/pricing/: 2026-06-30" in ran.stdout


def test_two_graphs_of_files_are_compared(tmp_path: Path) -> None:
    earlier = _graph(tmp_path, DISK, BUCKET, name="earlier.json")

    ran = _lepton("--graph", _graph(tmp_path, LATE, BUCKET), "--against", earlier)

    assert "removed  disk" in ran.stdout
    assert "added    late" in ran.stdout
    assert "not priced" in ran.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "is not JSON"), ("{}", "has no resources"), ('{"resources": []}', "has no resources")],
)
def test_a_file_that_is_no_graph_is_refused_on_both_sides(tmp_path: Path, content: str, said: str) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(content)
    good = _graph(tmp_path, DISK)

    for arguments in (["--graph", bad], ["--graph", good, "--against", bad]):
        ran = _lepton(*arguments)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert said in ran.stderr
        assert "Traceback" not in ran.stderr


def test_a_ref_needs_a_stack(tmp_path: Path) -> None:
    ran = _lepton("--graph", _graph(tmp_path, DISK), "--against", "main")

    assert ran.returncode == 2
    assert "where a stack is named, a git ref" in ran.stderr
