import os
import sys
from pathlib import Path

import pytest

from lepton_infra.engine.host import install
from lepton_infra.engine.host.packages import Distribution, Plugin, installed, normalised, plugins, roots
from lepton_infra.engine.host.toolchain import (
    HostError,
    Options,
    Python,
    Toolchain,
    detect,
    find_python,
    of_plugin,
    read_options,
    search_up,
)


def virtualenv(directory: Path) -> Path:
    (directory / "bin").mkdir(parents=True)
    (directory / "bin" / "python").touch(mode=0o755)
    return directory


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program two levels below the project's root."""
    directory = tmp_path / "project" / "code"
    directory.mkdir(parents=True)
    return directory


def test_options_are_read_as_they_stand() -> None:
    assert read_options("/r", "/r/p", {}) == Options(Path("/r"), Path("/r/p"), "", Toolchain.AUTO)
    read = read_options("/r", "/r/p", {"toolchain": "uv", "virtualenv": ".venv", "typechecker": "mypy"})
    assert (read.toolchain, read.virtualenv, read.typechecker) == (Toolchain.UV, ".venv", "mypy")
    assert read_options("/r", "/r/p", {"typechecker": "none"}).typechecker == ""


def test_a_plugin_has_a_virtualenv_with_pip() -> None:
    assert of_plugin(read_options("/r", "/r", {"toolchain": "pip"})).virtualenv == "venv"
    assert of_plugin(read_options("/r", "/r", {"toolchain": "pip", "virtualenv": "v"})).virtualenv == "v"
    assert of_plugin(read_options("/r", "/r", {"toolchain": "uv"})).virtualenv == ""


@pytest.mark.parametrize(
    "options", [{"toolchain": "conda"}, {"toolchain": 3.0}, {"toolchain": "auto"}, {"typechecker": "ty"}, {"virtualenv": True}]
)
def test_options_that_pulumi_does_not_know_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(HostError, match=r"Pulumi\.yaml: runtime\.options"):
        read_options("/r", "/r/p", options)


@pytest.mark.parametrize(
    ("lock", "expected"), [("uv.lock", Toolchain.UV), ("poetry.lock", Toolchain.POETRY), ("requirements.txt", Toolchain.PIP)]
)
def test_a_lock_file_above_the_program_names_the_toolchain(program: Path, lock: str, expected: Toolchain) -> None:
    (program.parent.parent / lock).touch()
    assert detect(Options(program.parent, program)) is expected
    assert detect(Options(program.parent, program, toolchain=Toolchain.PIP)) is Toolchain.PIP


def test_the_nearest_lock_file_counts(program: Path) -> None:
    (program.parent.parent / "uv.lock").touch()
    assert search_up(program, "uv.lock") == program.parent.parent
    (program.parent / "uv.lock").touch()
    assert search_up(program, "uv.lock") == program.parent
    assert search_up(program, "no-such-file") is None


def test_a_virtualenv_is_relative_to_the_project(program: Path) -> None:
    directory = virtualenv(program.parent / "env")
    for toolchain in (Toolchain.PIP, Toolchain.UV):
        assert find_python(Options(program.parent, program, "env", toolchain), {}) == Python(directory / "bin" / "python", directory)
    assert find_python(Options(Path("/elsewhere"), program, str(directory)), {}).virtualenv == directory


def test_uv_looks_beside_its_lock_file_then_beside_pyproject_then_in_the_program(program: Path) -> None:
    options = Options(program.parent, program, toolchain=Toolchain.UV)
    own = virtualenv(program / ".venv")
    assert find_python(options, {}).virtualenv == own
    (program.parent / "pyproject.toml").touch()
    above = virtualenv(program.parent / ".venv")
    assert find_python(options, {}).virtualenv == above
    (program.parent.parent / "uv.lock").touch()
    top = virtualenv(program.parent.parent / ".venv")
    assert find_python(options, {}).virtualenv == top
    named = virtualenv(program.parent.parent / "named")
    assert find_python(options, {"UV_PROJECT_ENVIRONMENT": "named"}).virtualenv == named


@pytest.mark.parametrize("toolchain", [Toolchain.PIP, Toolchain.UV])
def test_a_missing_virtualenv_is_told_with_the_command_that_makes_it(program: Path, toolchain: Toolchain) -> None:
    with pytest.raises(HostError, match=r"does not exist\. Run `"):
        find_python(Options(program.parent, program, "env", toolchain), dict(os.environ))
    (program.parent / "env").mkdir()
    with pytest.raises(HostError, match="has no bin/python"):
        find_python(Options(program.parent, program, "env", toolchain), dict(os.environ))


def test_without_a_virtualenv_the_python_on_path_counts(tmp_path: Path) -> None:
    (tmp_path / "python3").touch(mode=0o755)
    (tmp_path / "mine").touch(mode=0o755)
    options = Options(tmp_path, tmp_path, toolchain=Toolchain.PIP)
    assert find_python(options, {"PATH": str(tmp_path)}).executable == tmp_path / "python3"
    assert find_python(options, {"PATH": str(tmp_path), "PULUMI_PYTHON_CMD": "mine"}).executable == tmp_path / "mine"
    with pytest.raises(HostError, match="no other on PATH"):
        find_python(options, {"PATH": str(tmp_path), "PULUMI_PYTHON_CMD": "other"})


def test_poetry_without_poetry_is_told(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(program))
    with pytest.raises(HostError, match="poetry, which is not on PATH"):
        find_python(Options(program, program, toolchain=Toolchain.POETRY), {})


def test_poetry_is_asked_for_its_virtualenv(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = virtualenv(program / "cache" / "env")
    (program / "poetry").write_text(f"#!/bin/sh\necho {directory}\n")
    (program / "poetry").chmod(0o755)
    monkeypatch.setenv("PATH", f"{program}:{os.environ['PATH']}")
    assert find_python(Options(program, program, toolchain=Toolchain.POETRY), {}).virtualenv == directory
    (program / "poetry").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(HostError, match="poetry install"):
        find_python(Options(program, program, toolchain=Toolchain.POETRY), {})


def test_a_virtualenv_is_activated() -> None:
    base = {"PATH": "/bin", "PYTHONHOME": "/x", "VIRTUAL_ENV": "/old", "LANG": "C"}
    environment = Python(Path("/v/bin/python"), Path("/v")).environment(base)
    assert environment == {"PATH": "/v/bin:/bin", "VIRTUAL_ENV": "/v", "LANG": "C"}
    assert Python(Path("/usr/bin/python3")).environment(base) == base
    assert Python(Path("/v/bin/python"), Path("/v")).environment({})["PATH"] == "/v/bin"


def test_the_packages_of_an_interpreter_are_listed_with_their_plugins() -> None:
    found = installed(Python(Path(sys.executable)))
    names = {one.name: one for one in found}
    assert {"pulumi", "grpcio", "lepton-infra"} <= set(names)
    assert "grpcio" in names["pulumi"].needs
    assert "grpcio" not in {one.name for one in roots(found)}
    aws = next(plugin for plugin in plugins(found) if plugin.name == "aws")
    assert aws == Plugin("aws", f"v{names['pulumi-aws'].version}", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"resource": true, "name": "x", "version": "1.2.3", "server": "https://s"}', [Plugin("x", "v1.2.3", "https://s")]),
        ('{"resource": true, "version": "v1.2.3"}', [Plugin("thing", "v1.2.3", "")]),
        ('{"resource": true}', [Plugin("thing", "", "")]),
        ('{"resource": false, "name": "x"}', []),
        ("[]", []),
    ],
)
def test_a_plugin_file_is_read(tmp_path: Path, text: str, expected: list[Plugin]) -> None:
    (tmp_path / "pulumi-plugin.json").write_text(text)
    assert list(plugins((Distribution("pulumi-thing", "1", tmp_path / "pulumi-plugin.json"),))) == expected


def test_a_plugin_file_that_is_no_json_is_told(tmp_path: Path) -> None:
    (tmp_path / "pulumi-plugin.json").write_text("{")
    with pytest.raises(HostError, match="Reinstall pulumi-thing"):
        plugins((Distribution("pulumi-thing", "1", tmp_path / "pulumi-plugin.json"),))


def test_an_interpreter_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "python").write_text("#!/bin/sh\necho no >&2; exit 1\n")
    (tmp_path / "python").chmod(0o755)
    with pytest.raises(HostError, match="cannot be listed: no"):
        installed(Python(tmp_path / "python"))


@pytest.mark.parametrize(("name", "expected"), [("Foo_Bar.baz", "foo-bar-baz"), ("a--_.b", "a-b"), ("pulumi", "pulumi")])
def test_names_are_spelled_as_pep_503_says(name: str, expected: str) -> None:
    assert normalised(name) == expected


def lines(options: Options) -> list[str]:
    return [" ".join(command.arguments[:3]) for command in install.commands(options, dict(os.environ))]


def test_uv_syncs_a_project_and_installs_a_list_without_one(program: Path) -> None:
    options = Options(program.parent, program, toolchain=Toolchain.UV)
    with pytest.raises(HostError, match=r"neither pyproject\.toml nor requirements\.txt"):
        install.commands(options, {})
    (program / "requirements.txt").touch()
    assert lines(options) == ["uv venv --allow-existing", "uv pip install"]
    (program / "pyproject.toml").touch()
    (command,) = install.commands(options, {})
    assert command.arguments == ("uv", "sync")
    assert command.environment["UV_PROJECT_ENVIRONMENT"] == str(program / ".venv")


def test_pip_makes_a_virtualenv_once(program: Path) -> None:
    (program / "requirements.txt").touch()
    options = Options(program, program, "env", Toolchain.PIP)
    assert [line.split(maxsplit=1)[1] for line in lines(options)] == ["-m venv", "-m pip"]
    virtualenv(program / "env")
    assert lines(options) == [f"{program}/env/bin/python -m pip"]


def test_poetry_installs(program: Path) -> None:
    assert lines(Options(program, program, toolchain=Toolchain.POETRY)) == ["poetry install --no-ansi"]
