"""Where a rehearsal keeps its things: empty at the start, hidden from git, one rehearsal at a time."""

import subprocess
from pathlib import Path

import pytest

from lepton_infra.config import StackFile, find_project, load_stack
from lepton_infra.errors import LeptonError
from lepton_infra.rehearsal.place import place


@pytest.fixture
def stack_file(project: Path) -> StackFile:
    return load_stack(find_project(project), "serve-aws")


def test_what_the_last_rehearsal_left_is_gone(stack_file: StackFile) -> None:
    with place(stack_file) as first:
        first.state.write_text("old")
    assert first.state.read_text() == "old"

    with place(stack_file) as second:
        assert second.home == first.home
        assert list(second.home.iterdir()) == []


def test_git_does_not_see_it(stack_file: StackFile, project: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(project)], check=True)
    with place(stack_file) as where:
        where.state.write_text("{}")

    seen = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=all"], cwd=project, capture_output=True, text=True, check=True
    )

    assert "stacks/" in seen.stdout
    assert ".lepton" not in seen.stdout


def test_two_rehearsals_of_a_stack_do_not_mix(stack_file: StackFile) -> None:
    with place(stack_file) as where:
        where.state.write_text("in use")
        with pytest.raises(LeptonError, match="serve-aws: is being rehearsed by another process"), place(stack_file):
            pass

        assert where.state.read_text() == "in use"
