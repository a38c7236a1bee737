"""Programs to run, each in a project of its own."""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from lepton_infra.config.project import find_project
from lepton_infra.config.runnable import load_runnable
from lepton_infra.graph.program import Answers, Built, Command, Program, run_program

RUNTIME = f"runtime:\n  name: python\n  options: {{toolchain: pip, virtualenv: {sys.prefix}}}\n"


def write_project(root: Path, program: str, settings: str = "{}") -> Path:
    """Write a project with one stack, `dev`."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "Pulumi.yaml").write_text(f"name: shop\n{RUNTIME}")
    (root / "Pulumi.dev.yaml").write_text(f"config: {settings}\n")
    (root / "__main__.py").write_text(dedent(program))
    return root


def no_answer(token: str, arguments: Mapping[str, object], settings: Mapping[str, object]) -> None:
    del token, arguments, settings


def run(root: Path, answers: Answers = no_answer, seconds: float = 120, plugins: Mapping[str, Command] | None = None) -> Built:
    """Run a project's program for its stack `dev`."""
    runnable = load_runnable(find_project(root), "dev")
    python = Command([sys.executable], os.environ)
    program = Program(
        runnable.project.name,
        "dev",
        root,
        runnable.directory,
        runnable.entry,
        python,
        runnable.config,
        runnable.secret_keys,
        plugins or {},
    )
    with run_program(program, answers, seconds=seconds) as running:
        return running.listen()


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Built]:
    """Return what writes a program and runs it."""

    def built(program: str, settings: str = "{}", answers: Answers = no_answer, seconds: float = 120) -> Built:
        return run(write_project(tmp_path / "shop", program, settings), answers, seconds)

    return built
