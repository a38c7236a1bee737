"""The four ways to an engine, tried with stand-ins for `pulumi` and `go` that are real programs on a real PATH."""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.engine import Attempt, Engine, Way, cache, download, ensure, probe, status
from lepton_infra.errors import EngineError

from .machine import PINNED, Machine, executable


def quiet(_: str) -> None:
    pass


def causes(attempts: Sequence[Attempt]) -> dict[Way, str]:
    return {attempt.way: attempt.cause for attempt in attempts}


@pytest.mark.parametrize("version", [PINNED, "3.259.1", "3.300.0", "3.260.0-alpha.1+abc"])
def test_a_pulumi_on_path_that_is_new_enough_is_taken(machine: Machine, version: str) -> None:
    machine.pulumi(f"echo v{version}")
    assert ensure(quiet) == Engine(machine.path, version, Way.PATH)
    assert status().engine == ensure(quiet)
    assert not machine.cache.exists()


def test_an_engine_in_a_directory_called_bin_has_its_parent_as_root(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(machine.root / "opt" / "bin" / "pulumi", f"#!/bin/sh\necho v{PINNED}\n")
    executable(machine.root / "opt" / "bin" / "pulumi-language-python", "#!/bin/sh\n")
    monkeypatch.setenv("PATH", f"{machine.root / 'opt' / 'bin'}:{machine.path}")
    found = ensure(quiet)
    assert found.root == machine.root / "opt"
    assert found.executable == machine.root / "opt" / "bin" / "pulumi"


def test_a_language_host_behind_a_link_counts(machine: Machine) -> None:
    executable(machine.root / "cellar" / "pulumi", f"#!/bin/sh\necho v{PINNED}\n")
    executable(machine.root / "cellar" / "pulumi-language-python", "#!/bin/sh\n")
    (machine.path / "pulumi").symlink_to(machine.root / "cellar" / "pulumi")
    assert ensure(quiet).way is Way.PATH


@pytest.mark.parametrize(
    ("says", "cause"),
    [
        ("echo v3.258.9", "has version 3.258.9, and 3.259.0 or newer"),
        ("echo v4.0.0", "has version 4.0.0"),
        ("echo", "says nothing"),
        ("true", "says nothing"),
        ("echo 'command not found: pulumi version'", "says 'command not found"),
        ("exit 3", "exit code 3"),
        ("kill -9 $$", "exit code -9"),
        ("printf '\\377\\376'", "says"),
    ],
)
def test_a_pulumi_on_path_that_cannot_be_used_is_passed_over_with_its_cause(machine: Machine, says: str, cause: str) -> None:
    machine.pulumi(says)
    found = status()
    assert found.engine is None
    assert cause in causes(found.attempts)[Way.PATH]


def test_a_pulumi_without_its_language_host_is_passed_over(machine: Machine) -> None:
    machine.pulumi(f"echo v{PINNED}", host=False)
    assert "has no pulumi-language-python beside it" in causes(status().attempts)[Way.PATH]


def test_a_pulumi_that_hangs_is_passed_over(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "_PATIENCE_SECONDS", 1)
    machine.pulumi("exec sleep 60")
    assert "did not tell its version within 1 s" in causes(status().attempts)[Way.PATH]


def test_a_file_that_is_no_program_is_passed_over(machine: Machine) -> None:
    executable(machine.path / "pulumi", "\x7fELF and no more")
    assert "cannot be run" in causes(status().attempts)[Way.PATH]


@given(st.text(max_size=40))
def test_whatever_a_pulumi_says_is_judged(said: str) -> None:
    answer = probe.judge(said, Path("pulumi"))
    assert bool(answer.version) or bool(answer.fault)


@given(st.tuples(st.integers(0, 5), st.integers(0, 999), st.integers(0, 99)), st.sampled_from(["", "v"]), st.sampled_from(["", "\n"]))
def test_versions_are_compared_as_numbers(numbers: tuple[int, int, int], before: str, after: str) -> None:
    answer = probe.judge(f"{before}{'.'.join(map(str, numbers))}{after}", Path("pulumi"))
    assert (not answer.fault) == ((3, 259, 0) <= numbers < (4, 0, 0))


def test_status_writes_nothing(machine: Machine) -> None:
    before = sorted(machine.root.rglob("*"))
    assert status().engine is None
    assert sorted(machine.root.rglob("*")) == before


def test_a_build_puts_a_whole_engine_into_the_cache(machine: Machine) -> None:
    machine.go()
    told: list[str] = []
    made = ensure(told.append)
    assert (made.way, made.version, made.root) == (Way.BUILD, PINNED, machine.cache / PINNED)
    assert sorted(path.name for path in made.directory.iterdir()) == [
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
        "pulumi-resource-pulumi-python",
    ]
    assert all(os.access(path, os.X_OK) for path in made.directory.iterdir())
    assert [attempt.way for attempt in made.attempts] == [Way.PATH, Way.CACHE, Way.DOWNLOAD]
    assert "cannot be reached" in causes(made.attempts)[Way.DOWNLOAD]
    assert any("downloading" in text for text in told)
    assert any("compiling" in text for text in told)
    assert machine.staging() == []
    again = ensure(quiet)
    assert (again.way, again.root) == (Way.CACHE, made.root)
    assert len(machine.builds()) == 1


def test_the_launcher_of_a_build_starts_our_host_and_follows_the_python_that_runs(machine: Machine) -> None:
    machine.go()
    launcher = ensure(quiet).directory / "pulumi-language-python"
    asked = subprocess.run([launcher, "--help"], capture_output=True, text=True, check=True, cwd=machine.root)
    assert "--executor" in asked.stdout
    launcher.write_text(launcher.read_text().replace(sys.executable, "/nowhere/python"))
    broken = subprocess.run([launcher, "--help"], capture_output=True, text=True, check=False, cwd=machine.root)
    assert (broken.returncode, "lepton engine install" in broken.stderr) == (1, True)
    helped = subprocess.run([launcher, "--help"], env={**os.environ, "LEPTON_PYTHON": sys.executable}, capture_output=True, check=False)
    assert helped.returncode == 0
    assert ensure(quiet).way is Way.CACHE
    assert subprocess.run([launcher, "--help"], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("damage", ["truncate", "delete", "swap", "manifest", "empty"])
def test_a_damaged_engine_is_noticed_and_replaced(machine: Machine, damage: str) -> None:
    machine.go()
    root = ensure(quiet).root
    if damage == "truncate":
        os.truncate(root / "bin" / "pulumi", 20)
    elif damage == "delete":
        (root / "bin" / "pulumi-language-python-exec").unlink()
    elif damage == "swap":
        executable(root / "bin" / "pulumi", "#!/bin/sh\necho v3.258.0\n")
    elif damage == "manifest":
        (root / "engine.json").write_text("{")
    else:
        shutil.rmtree(root / "bin")
    looked = status()
    assert looked.engine is None
    assert Way.CACHE in causes(looked.attempts)
    assert ensure(quiet).way is Way.BUILD
    assert ensure(quiet).way is Way.CACHE
    assert machine.staging() == []


def test_a_build_that_fails_leaves_nothing_and_is_told(machine: Machine) -> None:
    machine.go(work='echo "cannot find module providing package" >&2; exit 1')
    with pytest.raises(EngineError, match="cannot find module providing package"):
        ensure(quiet)
    assert machine.staging() == []
    assert not (machine.cache / PINNED).exists()
    machine.go()
    assert ensure(quiet).way is Way.BUILD


def test_a_go_that_is_no_program_is_told(machine: Machine) -> None:
    executable(machine.path / "go", "\x7fELF and no more")
    with pytest.raises(EngineError, match=r"build with Go: .*/go cannot be run"):
        ensure(quiet)


def test_a_build_of_another_version_is_no_engine(machine: Machine) -> None:
    machine.go(version="3.258.0")
    with pytest.raises(EngineError, match=r"3\.258\.0"):
        ensure(quiet)
    assert not (machine.cache / PINNED).exists()


def test_where_all_ways_fail_each_is_told_with_its_cause_and_its_fix(machine: Machine) -> None:
    machine.pulumi("echo v3.100.0")
    with pytest.raises(EngineError) as raised:
        ensure(quiet)
    lines = str(raised.value).splitlines()
    assert [line.partition(":")[0] for line in lines[1:]] == ["pulumi on PATH", "own cache", "official download", "build with Go"]
    assert all(line.endswith(".") for line in lines)
    for line, fix in zip(lines[1:], ["Install Pulumi", "lepton engine install", "Allow access", "Install Go 1.26"], strict=True):
        assert fix in line


def test_a_cache_that_cannot_be_written_is_told(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    (machine.root / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(machine.root / "file"))
    machine.go()
    with pytest.raises(EngineError, match=r"build with Go: .* cannot be written .*Set XDG_CACHE_HOME"):
        ensure(quiet)


def test_a_relative_cache_home_is_ignored_as_its_specification_says(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    assert cache.cache_directory().is_relative_to(machine.root / "home")


def in_a_process(results: "multiprocessing.Queue[str]") -> None:
    results.put(str(ensure(quiet).way))


def test_two_processes_at_once_build_once(machine: Machine) -> None:
    machine.go(work="sleep 2")
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[str] = context.Queue()
    processes = [context.Process(target=in_a_process, args=(results,)) for _ in range(2)]
    for process in processes:
        process.start()
    ways = sorted(results.get(timeout=60) for _ in processes)
    for process in processes:
        process.join(60)
    results.close()
    results.join_thread()
    assert ways == ["build", "cache"]
    assert len(machine.builds()) == 1


def wait_until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_install_that_is_killed_poisons_nothing(machine: Machine, number: signal.Signals) -> None:
    machine.go(work='echo half > "$2"; exec sleep 60')
    code = "from lepton_infra.engine import ensure; ensure(lambda _: None)"
    installing = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    wait_until(machine.builds)
    installing.send_signal(number)
    assert installing.wait(30) != 0
    (build,) = machine.builds()
    if number == signal.SIGKILL:
        # Nobody could end it in its place.
        os.kill(build, signal.SIGKILL)
    else:
        wait_until(lambda: not alive(build))
        assert machine.staging() == []
    assert not (machine.cache / PINNED).exists()
    machine.go()
    assert ensure(quiet).way is Way.BUILD
    assert machine.staging() == []


class Site(BaseHTTPRequestHandler):
    """Answers as the path says: /200, /403, or never."""

    def do_HEAD(self) -> None:
        if self.path == "/never":
            time.sleep(2)
        self.send_response(200 if self.path == "/never" else int(self.path[1:]))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "*")
    server = HTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_site_that_answers_is_reachable(site: str) -> None:
    assert download.unreachable(f"{site}/200") == ""


def test_a_site_that_refuses_is_not(site: str) -> None:
    assert "answered 403" in download.unreachable(f"{site}/403")


def test_a_site_that_does_not_answer_is_given_up(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_PROBE_SECONDS", 0.5)
    said = download.unreachable(f"{site}/never")
    assert "did not answer" in said or "cannot be reached" in said


@pytest.mark.usefixtures("machine")
def test_a_download_that_breaks_off_closes_the_way(site: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(download.WayClosed, match="the official install script failed"):
        download.download(tmp_path, quiet, f"{site}/200")


@pytest.mark.engine
def test_the_engine_of_this_machine_is_whole(engine: Engine) -> None:
    assert probe.probe(engine.executable) == probe.Probe(engine.version)
    manifest = engine.root / "engine.json"
    if engine.way is not Way.PATH:
        assert json.loads(manifest.read_text())["version"] == PINNED
