"""The language host as the engine meets it: a process that prints a port."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import language_pb2 as language
from pulumi.runtime.proto.language_pb2_grpc import LanguageRuntimeStub

from lepton_infra.engine.host.service import plugin_arguments
from lepton_infra.engine.host.toolchain import HostError

EXECUTOR = """
import json, os, pathlib, sys, time
here = pathlib.Path(sys.argv[-1])
names = ("PULUMI_CONFIG", "PULUMI_CONFIG_SECRET_KEYS", "VIRTUAL_ENV")
(here / "seen.json").write_text(json.dumps({"arguments": sys.argv[1:], "environment": {n: os.environ.get(n) for n in names}}))
while (here / "wait").exists():
    time.sleep(0.05)
sys.exit(int((here / "code").read_text()))
"""


@pytest.fixture
def executor(tmp_path: Path) -> Path:
    path = tmp_path / "pulumi-language-python-exec"
    path.write_text(EXECUTOR)
    return path


@contextmanager
def started(executor: Path) -> Generator[subprocess.Popen[str]]:
    command = [sys.executable, "-P", "-m", "lepton_infra.engine.host", "--executor", str(executor), "127.0.0.1:1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@contextmanager
def connected(host: subprocess.Popen[str]) -> Generator[LanguageRuntimeStub]:
    assert host.stdout is not None
    with grpc.insecure_channel(f"127.0.0.1:{int(host.stdout.readline())}") as channel:
        yield LanguageRuntimeStub(channel)


@pytest.fixture
def host(executor: Path) -> Iterator[subprocess.Popen[str]]:
    with started(executor) as process:
        yield process


@pytest.fixture
def stub(host: subprocess.Popen[str]) -> Iterator[LanguageRuntimeStub]:
    with connected(host) as opened:
        yield opened


@pytest.fixture
def info(tmp_path: Path) -> language.ProgramInfo:
    (tmp_path / "program").mkdir()
    return program_info(tmp_path, {"virtualenv": sys.prefix, "toolchain": "pip"})


def program_info(root: Path, options: dict[str, object]) -> language.ProgramInfo:
    struct = Struct()
    struct.update(options)
    return language.ProgramInfo(root_directory=str(root), program_directory=str(root / "program"), entry_point=".", options=struct)


def wait_until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def running(text: str) -> bool:
    said = subprocess.run(["ps", "-axww", "-o", "stat=,command="], capture_output=True, text=True, check=True)
    return any(text in line and not line.startswith("Z") for line in said.stdout.splitlines())


def test_it_greets_and_tells_its_version_its_python_and_its_packages(stub: LanguageRuntimeStub, info: language.ProgramInfo) -> None:
    stub.Handshake(language.LanguageHandshakeRequest(engine_address="127.0.0.1:2"))
    assert stub.GetPluginInfo(Empty()).version.startswith("3.")
    about = stub.About(language.AboutRequest(info=info))
    assert about.version == ".".join(map(str, sys.version_info[:3]))
    packages = stub.GetRequiredPackages(language.GetRequiredPackagesRequest(info=info)).packages
    assert ("aws", "resource") in [(package.name, package.kind) for package in packages]
    everything = stub.GetProgramDependencies(language.GetProgramDependenciesRequest(info=info, transitiveDependencies=True)).dependencies
    direct = stub.GetProgramDependencies(language.GetProgramDependenciesRequest(info=info)).dependencies
    assert {one.name for one in direct} < {one.name for one in everything}
    assert not stub.RuntimeOptionsPrompts(language.RuntimeOptionsRequest(info=info)).prompts


@pytest.fixture
def secluded_host(executor: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LanguageRuntimeStub]:
    """A host that may fetch nothing."""
    monkeypatch.setenv("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
    with started(executor) as process, connected(process) as stub:
        yield stub


def test_no_plugin_is_asked_for_where_none_may_be_fetched(secluded_host: LanguageRuntimeStub, info: language.ProgramInfo) -> None:
    stub = secluded_host
    assert not stub.GetRequiredPackages(language.GetRequiredPackagesRequest(info=info)).packages


def run(stub: LanguageRuntimeStub, info: language.ProgramInfo) -> language.RunResponse:
    request = language.RunRequest(
        project="p", stack="s", pwd=os.sep, monitor_address="127.0.0.1:3", dryRun=True, parallel=7, organization="o", info=info
    )
    request.config["p:word"] = "yes"
    request.configSecretKeys.append("p:word")
    return stub.Run(request)


def test_a_program_is_run_with_its_settings(stub: LanguageRuntimeStub, info: language.ProgramInfo, tmp_path: Path) -> None:
    program = tmp_path / "program"
    (program / "code").write_text("0")
    assert run(stub, info) == language.RunResponse()
    seen = json.loads((program / "seen.json").read_text())
    named = dict(zip(seen["arguments"][:-1:2], seen["arguments"][1::2], strict=True))
    assert named == {
        "--monitor": "127.0.0.1:3",
        "--engine": "127.0.0.1:1",
        "--project": "p",
        "--root_directory": str(tmp_path),
        "--stack": "s",
        "--pwd": "/",
        "--dry_run": "true",
        "--parallel": "7",
        "--organization": "o",
    }
    assert seen["arguments"][-1] == str(program)
    assert seen["environment"] == {
        "PULUMI_CONFIG": '{"p:word": "yes"}',
        "PULUMI_CONFIG_SECRET_KEYS": '["p:word"]',
        "VIRTUAL_ENV": sys.prefix,
    }


@pytest.mark.parametrize(
    ("code", "expected"),
    [("32", language.RunResponse(bail=True)), ("3", language.RunResponse(error="Program exited with non-zero exit code: 3"))],
)
def test_the_end_of_a_program_is_told(
    stub: LanguageRuntimeStub, info: language.ProgramInfo, tmp_path: Path, code: str, expected: language.RunResponse
) -> None:
    (tmp_path / "program" / "code").write_text(code)
    assert run(stub, info) == expected


@pytest.mark.parametrize("options", [{"toolchain": "conda"}, {"virtualenv": "nowhere", "toolchain": "pip"}])
def test_what_cannot_be_run_is_refused_with_a_sentence(stub: LanguageRuntimeStub, tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(grpc.RpcError, match=r"choose pip|does not exist\. Run") as raised:
        run(stub, program_info(tmp_path, options))
    assert raised.value.code() == grpc.StatusCode.FAILED_PRECONDITION


def test_a_program_with_faults_of_type_is_not_run(stub: LanguageRuntimeStub, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.mkdir()
    (program / "code").write_text("0")
    (tmp_path / "env" / "bin").mkdir(parents=True)
    python = tmp_path / "env" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nif [ "$2" = mypy ]; then echo "found one" >&2; exit 1; fi\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    checked = run(stub, program_info(tmp_path, {"virtualenv": "env", "toolchain": "pip", "typechecker": "mypy"}))
    assert "mypy found faults" in checked.error
    assert not (program / "seen.json").exists()
    assert run(stub, program_info(tmp_path, {"virtualenv": "env", "toolchain": "pip"})) == language.RunResponse()


def plugin_request(info: language.ProgramInfo, *arguments: str, **environment: str) -> language.RunPluginRequest:
    pairs = [f"{name}={value}" for name, value in {**os.environ, **environment}.items()]
    return language.RunPluginRequest(info=info, kind="resource", name="thing", args=arguments, env=pairs, pwd=os.sep)


def test_a_plugin_is_run_and_what_it_prints_is_passed_on(stub: LanguageRuntimeStub, info: language.ProgramInfo, tmp_path: Path) -> None:
    (tmp_path / "program" / "__main__.py").write_text(
        "import os, sys; print(sys.argv[1:], os.getcwd(), os.environ['WORD']); print('no', file=sys.stderr); sys.exit(4)"
    )
    said = list(stub.RunPlugin(plugin_request(info, "a", "b", WORD="yes")))
    assert b"".join(one.stdout for one in said) == b"['a', 'b'] / yes\n"
    assert b"".join(one.stderr for one in said) == b"no\n"
    assert said[-1].exitcode == 4


def test_a_plugin_whose_call_is_cancelled_is_ended(stub: LanguageRuntimeStub, info: language.ProgramInfo, tmp_path: Path) -> None:
    (tmp_path / "program" / "__main__.py").write_text("import time; print('up', flush=True); time.sleep(60)")
    call = stub.RunPlugin(plugin_request(info))
    assert next(iter(call)).stdout == b"up\n"
    call.cancel()
    wait_until(lambda: not running(str(tmp_path / "program")))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_it_quietly_with_all_its_children(
    stub: LanguageRuntimeStub, host: subprocess.Popen[str], info: language.ProgramInfo, tmp_path: Path, number: signal.Signals
) -> None:
    program = tmp_path / "program"
    (program / "wait").touch()
    call = stub.Run.future(language.RunRequest(info=info))
    wait_until((program / "seen.json").exists)
    host.send_signal(number)
    assert host.wait(20) == 0
    assert host.stderr is not None
    assert host.stderr.read() == ""
    wait_until(lambda: not running(str(program)))
    assert call.exception() is not None or call.result().bail


def test_it_leaves_when_its_engine_dies(executor: Path) -> None:
    code = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-P", "-m", "lepton_infra.engine.host", "--executor", {str(executor)!r}])
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout is not None
        assert int(engine.stdout.readline()) > 0
        engine.kill()
        wait_until(lambda: not running(str(executor)))


def test_it_does_not_start_without_its_script(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "lepton_infra.engine.host", "--executor", str(tmp_path / "nothing")]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert asked.returncode == 1
    assert "lepton engine install" in asked.stderr


def test_dependencies_are_installed_with_every_step_told(stub: LanguageRuntimeStub, tmp_path: Path) -> None:
    (tmp_path / "program").mkdir()
    (tmp_path / "program" / "requirements.txt").write_text("")
    info = program_info(tmp_path, {"virtualenv": "env", "toolchain": "pip"})
    said = b"".join(one.stdout for one in stub.InstallDependencies(language.InstallDependenciesRequest(info=info)))
    assert said.count(b"$ ") == 2
    assert (tmp_path / "env" / "bin" / "python").exists()


def test_an_installation_that_fails_is_told(stub: LanguageRuntimeStub, tmp_path: Path) -> None:
    (tmp_path / "program").mkdir()
    (tmp_path / "program" / "requirements.txt").write_text("./no-such-directory\n")
    info = program_info(tmp_path, {"virtualenv": sys.prefix, "toolchain": "pip"})
    with pytest.raises(grpc.RpcError, match="ended with exit code"):
        list(stub.InstallDependencies(language.InstallDependenciesRequest(info=info)))


@pytest.mark.parametrize(
    ("kind", "files", "expected"),
    [
        ("analyzer", {}, ["-m", "pulumi.policy", "x", "DIR"]),
        ("resource", {"__main__.py": "", "pyproject.toml": ""}, ["DIR", "x"]),
        (
            "resource",
            {"pyproject.toml": '[project]\nname = "my-thing"\n[build-system]\nbuild-backend = "b"'},
            ["-m", "pulumi.run.plugin", "my-thing", "x"],
        ),
    ],
)
def test_how_a_plugin_is_started_depends_on_what_it_is(tmp_path: Path, kind: str, files: dict[str, str], expected: list[str]) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert plugin_arguments(kind, tmp_path, ["x"]) == [str(tmp_path) if part == "DIR" else part for part in expected]


@pytest.mark.parametrize("text", ["[", '[project]\nname = "x"', "[build-system]\nbuild-backend = 'b'", "project = 1"])
def test_a_directory_that_holds_nothing_to_run_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(HostError, match=r"neither __main__\.py nor"):
        plugin_arguments("resource", tmp_path, [])
