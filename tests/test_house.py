"""Keeps the house in order: what design and CONTRIBUTING promise of the layout."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
COMPONENTS = ROOT / "components" / "lepton_components"
PRODUCT = [ROOT / "lepton_infra", ROOT / "components", ROOT / "policies", ROOT / "stacks"]
LONGEST_FILE = 400
LONGEST_FUNCTION = 60


def _sources(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py") if ".venv" not in path.parts)


def _clouds() -> list[Path]:
    return sorted(path.parent for path in COMPONENTS.glob("*/__init__.py"))


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    yield from (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_cloud_has_a_file_for_every_noun() -> None:
    neutral = {path.name for path in COMPONENTS.glob("*.py")} - {"__init__.py", "contract.py", "names.py"}
    nouns = {"keys.py", "network.py", "storage.py", "cluster.py", "group.py", "budget.py"}

    assert nouns <= neutral
    assert _clouds()
    assert {cloud.name: nouns - {path.name for path in cloud.glob("*.py")} for cloud in _clouds()} == {
        cloud.name: set() for cloud in _clouds()
    }


def test_only_the_contract_asks_which_cloud_it_is() -> None:
    asking = [
        path.relative_to(ROOT).as_posix()
        for path in _sources(*PRODUCT)
        if path.name != "contract.py" and re.search(r"\bcloud\s*(==|!=)|match\s+\S*cloud\b", path.read_text())
    ]

    assert asking == []


def test_clouds_do_not_import_each_other() -> None:
    names = [cloud.name for cloud in _clouds()]
    crossing = [
        f"{path.relative_to(ROOT)} imports {other}"
        for cloud in _clouds()
        for path in _sources(cloud)
        for other in names
        if other != cloud.name and f"lepton_components.{other}" in path.read_text()
    ]

    assert crossing == []


@pytest.mark.parametrize(
    "path", _sources(*PRODUCT, ROOT / "tests", ROOT / "benchmarks"), ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_no_file_outgrows_its_room(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_FILE
    assert [node.name for node in _functions(path) if node.end_lineno and node.end_lineno - node.lineno >= LONGEST_FUNCTION] == []


def test_no_function_takes_anything() -> None:
    taking = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in _sources(*PRODUCT)
        for node in _functions(path)
        if node.args.kwarg is not None
    ]

    assert taking == []


def test_components_keep_their_annotations_alive() -> None:
    """Pulumi's analyzer reads annotations as objects; the future import turns them into text."""
    assert [path.name for path in _sources(ROOT / "components") if "from __future__ import annotations" in path.read_text()] == []


def test_nothing_is_left_for_later() -> None:
    owed = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "X" * 3, "NotImplemented" + "Error"]))
    owing = [
        path.relative_to(ROOT).as_posix()
        for path in _sources(*PRODUCT, ROOT / "tests", ROOT / "benchmarks")
        if owed.search(path.read_text())
    ]

    assert owing == []


def test_no_room_is_empty() -> None:
    rooms = [path.parent for path in (ROOT / "lepton_infra").glob("*/__init__.py")]

    assert [room.name for room in rooms if len(list(room.glob("*.py"))) < 2] == []


@pytest.mark.parametrize("module", ["lepton_infra", "lepton_infra.cli.app"])
def test_the_front_door_loads_nothing_heavy(module: str) -> None:
    """`lepton --help` answers before anything heavy is imported; the time itself is for the benchmark to print."""
    heavy = ["numpy", "pulumi", "pydantic", "grpc", "yaml"]
    code = f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()

    assert loaded == "[]"


def test_distributions_carry_one_version() -> None:
    versions = {
        path.parent.name: re.findall(r'^version = "(.+)"$', path.read_text(), re.MULTILINE)[0]
        for path in [ROOT / "pyproject.toml", ROOT / "components" / "pyproject.toml", ROOT / "policies" / "pyproject.toml"]
    }

    assert set(versions.values()) == {import_module("lepton_infra").__version__}
