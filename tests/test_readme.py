"""What README.md promises is run."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import lepton_components
from lepton_policies import RULES

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^\$ (.+)$", README, re.MULTILINE)
LEPTON = [command.removeprefix("uv run ") for command in COMMANDS if command.startswith("uv run lepton")]
WITH_ENGINE = [command for command in LEPTON if "rehearse" in command or "install" in command]


def _run(command: str, directory: Path) -> subprocess.CompletedProcess[str]:
    arguments = [str(Path(sys.executable).parent / "lepton"), *shlex.split(command)[1:]]
    return subprocess.run(arguments, cwd=directory, capture_output=True, text=True, check=False)


def test_the_two_commands_come_first() -> None:
    assert COMMANDS[:2] == ["make demo", "make test"]


def test_every_make_target_exists() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert {command.split()[1] for command in COMMANDS if command.startswith("make ")} <= set(targets)


@pytest.mark.parametrize("command", [command for command in LEPTON if command not in WITH_ENGINE])
def test_a_command_of_the_readme_works_as_written(command: str, project: Path) -> None:
    ran = _run(command, project)

    assert (ran.returncode, ran.stderr if ran.returncode else "") == (0, "")
    assert ran.stdout.strip()


@pytest.mark.engine
@pytest.mark.parametrize("command", [command for command in WITH_ENGINE if "rehearse" not in command])
def test_a_command_of_the_readme_that_needs_the_engine_works_as_written(command: str, project: Path) -> None:
    assert _run(command, project).returncode == 0


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_a_link_of_the_readme_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_the_readme_counts_the_rules_and_names_every_component() -> None:
    named = re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)

    assert f"policy pack: {len(RULES)} rules on " in README
    assert sorted(named) == sorted(name for name in lepton_components.__all__ if f"{name}Args" in lepton_components.__all__)


def test_the_fault_that_the_readme_shows_is_the_one_that_is_said(project: Path) -> None:
    promised = next(line for line in README.splitlines() if line.startswith("error: "))
    stack = project / "stacks" / "Pulumi.serve-aws.yaml"
    text = stack.read_text().replace("gpu: [H100, H200]", "gpu: H1000").replace("{H100: 12.6, H200: 14.4}", "{H1000: 12.6}")
    stack.write_text(text)

    ran = _run("lepton plan serve-aws", project)

    assert (ran.returncode, ran.stdout) == (2, "")
    assert promised in ran.stderr.splitlines()
