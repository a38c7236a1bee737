import json
import subprocess
import sys

import pytest

from .machine import PINNED, Machine


def lepton(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from lepton_infra.cli.app import main; main()", "engine", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_status_of_an_engine_on_path(machine: Machine) -> None:
    machine.pulumi(f"echo v{PINNED}")
    asked = lepton("status")
    assert asked.returncode == 0
    assert asked.stdout.startswith(f"Pulumi {PINNED} at {machine.path / 'pulumi'} (pulumi on PATH)")
    assert asked.stderr == ""


@pytest.mark.usefixtures("machine")
def test_status_without_an_engine_says_no_and_why() -> None:
    asked = lepton("status")
    assert (asked.returncode, asked.stdout) == (1, "")
    for word in ("pulumi on PATH: not found", "own cache:", "build with Go: there is no go", "lepton engine install"):
        assert word in asked.stderr


@pytest.mark.usefixtures("machine")
def test_status_as_json_is_one_document_also_without_an_engine() -> None:
    asked = lepton("status", "--json")
    document = json.loads(asked.stdout)
    assert (asked.returncode, document["engine"]) == (1, None)
    assert [attempt["way"] for attempt in document["attempts"]] == ["path", "cache", "build"]
    assert document["cache"].endswith(PINNED)


def test_install_says_which_way_it_took_and_why_the_others_failed(machine: Machine) -> None:
    machine.go()
    asked = lepton("install")
    assert asked.returncode == 0
    assert asked.stdout.startswith(f"Pulumi {PINNED} at ")
    assert "(build with Go)" in asked.stdout
    for word in ("pulumi on PATH: not found", "own cache:", "official download:", "compiling the engine"):
        assert word in asked.stderr
    again = json.loads(lepton("install", "--json").stdout)
    assert again["engine"]["way"] == "cache"


@pytest.mark.usefixtures("machine")
def test_install_where_all_ways_fail_is_an_error_without_a_traceback() -> None:
    asked = lepton("install")
    assert (asked.returncode, asked.stdout) == (1, "")
    assert asked.stderr.count("error:") == 5
    assert "Traceback" not in asked.stderr


def test_usage_is_exit_code_two() -> None:
    assert lepton("mend").returncode == 2
