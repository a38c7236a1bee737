"""Programs that do not get to their end: one sentence each, in time, and nothing left running."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lepton_infra.graph.program import Built, ProgramFault

from .conftest import write_project

BAD = {
    'raise ValueError("no good")': r"__main__\.py:1: raised ValueError: no good; a program that runs to its end\.",
    "import sys; sys.exit(3)": r"__main__\.py:1: called sys\.exit: 3;",
    "import os; os._exit(0)": r"__main__\.py: broke off with exit code 0;",
    "import os; print('bye', flush=True); os.abort()": r"__main__\.py: broke off by signal 6; its last words were 'bye';",
    "def f(:": r"__main__\.py:1: raised SyntaxError: ",
    "import nothing_here": r"__main__\.py:1: raised ModuleNotFoundError: No module named 'nothing_here';",
    "import pulumi\nraise pulumi.RunError('Pulumi.dev.yaml: gpu is wrong; choose H100.\\nsecond: line')": (
        r"Pulumi\.dev\.yaml: gpu is wrong; choose H100\.\nsecond: line\.$"
    ),
    "import pulumi\npulumi.Output.from_input(1).apply(lambda one: one / 0)": r"__main__\.py:2: raised ZeroDivisionError: division by zero;",
    "import pulumi\nfor _ in range(2):\n    pulumi.ComponentResource('a:b:C', 'one')": (
        r"__main__\.py:3: two resources have the URN 'urn:pulumi:dev::shop::a:b:C::one'; give each a name of its own\.$"
    ),
    "import pulumi\npulumi.ComponentResource('far:b:C', 'one', {}, remote=True)": (
        r"__main__\.py:2: 'far:b:C' is built by the package 'far', for which Pulumi\.yaml names no folder"
    ),
    "import pulumi\npulumi.Config().require('size')": (
        r"__main__\.py:2: Missing required configuration variable 'shop:size'\.\n__main__\.py:2: please set a value using"
    ),
    "raise SystemError": r"__main__\.py:1: raised SystemError; a program",
}


@pytest.mark.parametrize(("program", "sentence"), BAD.items(), ids=[program.splitlines()[-1][:40] for program in BAD])
def test_the_fault_is_told_with_the_users_own_line(build: Callable[..., Built], program: str, sentence: str) -> None:
    with pytest.raises(ProgramFault) as caught:
        build(program)

    assert re.match(sentence, str(caught.value))


@pytest.mark.parametrize("program", ["while True: pass", "import asyncio, pulumi\npulumi.export('never', asyncio.Future())"])
def test_a_program_without_end_is_ended(build: Callable[..., Built], program: str) -> None:
    with pytest.raises(ProgramFault, match=r"__main__\.py: did not end; at most 3 s\. Look for a loop"):
        build(program, seconds=3)


def test_what_a_program_leaves_running_is_ended_with_it(build: Callable[..., Built], tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    program = f"""
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
        open({str(pid)!r}, "w").write(str(child.pid))
    """

    build(program)

    # A signal has been sent by then; the kernel delivers it when the process next runs.
    assert _ends_within(10, int(pid.read_text()))


def test_a_fork_of_a_program_does_not_build_a_second_time(build: Callable[..., Built]) -> None:
    built = build("import os, pulumi\nos.fork()\npulumi.ComponentResource('a:b:C', 'one')")

    assert [resource.name for resource in built.graph.resources] == ["shop-dev", "one"]


def test_a_program_that_prints_without_measure_is_heard_to_its_end_and_quoted_in_part(build: Callable[..., Built]) -> None:
    built = build("print('x' * 10**7)\nfor number in range(10**5):\n    print(number)")

    assert len(built.printed) == 21
    assert max(map(len, built.printed)) <= 2000
    assert re.fullmatch(r"… and \d+ lines more", built.printed[-1])


def test_leaving_with_nothing_to_complain_of_is_an_end_like_any_other(build: Callable[..., Built]) -> None:
    built = build("import sys, pulumi\npulumi.ComponentResource('a:b:C', 'one')\nsys.exit(0)")

    assert [resource.name for resource in built.graph.resources] == ["shop-dev", "one"]


def test_a_program_goes_with_who_asked_for_it(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    root = write_project(tmp_path / "shop", f"import os\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\nwhile True: pass")
    asker = subprocess.Popen([Path(sys.executable).parent / "lepton", "graph", "dev", "--project", root], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (pid.exists() and pid.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)

    asker.kill()
    asker.wait()

    assert _ends_within(60, int(pid.read_text()))


def test_an_interpreter_without_pulumi_is_named(tmp_path: Path) -> None:
    root = write_project(tmp_path / "shop", "")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", root / "bare"], check=True)
    (root / "Pulumi.yaml").write_text("name: shop\nruntime: {name: python, options: {toolchain: pip, virtualenv: bare}}\n")

    asked = subprocess.run(
        [Path(sys.executable).parent / "lepton", "graph", "dev", "--project", root], capture_output=True, text=True, check=False
    )

    assert asked.returncode == 2
    assert re.search(
        r"bare/bin/python: has no package pulumi; the program's Python, with its requirements\. Run `pulumi install`\.", asked.stderr
    )


def _ends_within(seconds: float, pid: int) -> bool:
    deadline = time.monotonic() + seconds
    while _lives(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not _lives(pid)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
