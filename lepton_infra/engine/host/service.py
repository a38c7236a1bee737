"""The answers that a language host gives to the engine (`pulumirpc.LanguageRuntime`)."""

import importlib.metadata
import json
import os
import subprocess
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn, cast

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import language_pb2 as language
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto.language_pb2_grpc import LanguageRuntimeServicer
from typing_extensions import override

from lepton_infra.engine.host import install, packages
from lepton_infra.engine.host.children import Children, output
from lepton_infra.engine.host.toolchain import HostError, Options, Python, find_python, of_plugin, read_options

_BAIL = 32
"""Exit code of pulumi-language-python-exec that says: the user has been told already."""


class LanguageHost(LanguageRuntimeServicer):
    """Runs Python for one engine."""

    def __init__(self, executor: Path, engine_address: str, children: Children) -> None:
        """Use `executor`, the script pulumi-language-python-exec, for the engine at `engine_address`."""
        self._executor = executor
        self._engine_address = engine_address
        self._children = children

    @override
    def Handshake(self, request: language.LanguageHandshakeRequest, context: grpc.ServicerContext) -> language.LanguageHandshakeResponse:
        self._engine_address = request.engine_address or self._engine_address
        return language.LanguageHandshakeResponse()

    @override
    def GetPluginInfo(self, request: Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=importlib.metadata.version("pulumi"))

    @override
    def About(self, request: language.AboutRequest, context: grpc.ServicerContext) -> language.AboutResponse:
        python = _python(_options(request.info, context), context)
        asked = subprocess.run(
            [python.executable, "-c", "import platform, sys; print(sys.executable); print(platform.python_version())"],
            capture_output=True,
            text=True,
            check=False,
        )
        executable, _, version = asked.stdout.strip().partition("\n")
        return language.AboutResponse(executable=executable or str(python.executable), version=version)

    @override
    def GetRequiredPackages(
        self, request: language.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language.GetRequiredPackagesResponse:
        found = _required(request.info, context)
        return language.GetRequiredPackagesResponse(
            packages=[plugin_pb2.PackageDependency(name=one.name, kind="resource", version=one.version, server=one.server) for one in found]
        )

    @override
    def GetRequiredPlugins(
        self, request: language.GetRequiredPluginsRequest, context: grpc.ServicerContext
    ) -> language.GetRequiredPluginsResponse:
        found = _required(request.info, context)
        return language.GetRequiredPluginsResponse(
            plugins=[plugin_pb2.PluginDependency(name=one.name, kind="resource", version=one.version, server=one.server) for one in found]
        )

    @override
    def GetProgramDependencies(
        self, request: language.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language.GetProgramDependenciesResponse:
        found = _installed(_options(request.info, context), context)
        wanted = found if request.transitiveDependencies else packages.roots(found)
        return language.GetProgramDependenciesResponse(
            dependencies=[language.DependencyInfo(name=one.name, version=one.version) for one in wanted]
        )

    @override
    def RuntimeOptionsPrompts(
        self, request: language.RuntimeOptionsRequest, context: grpc.ServicerContext
    ) -> language.RuntimeOptionsResponse:
        return language.RuntimeOptionsResponse()

    @override
    def Template(self, request: language.TemplateRequest, context: grpc.ServicerContext) -> language.TemplateResponse:
        return language.TemplateResponse()

    @override
    def InstallDependencies(
        self, request: language.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language.InstallDependenciesResponse]:
        options = _options(request.info, context)
        try:
            for command in install.commands(options, os.environ):
                line = f"$ {' '.join(command.arguments)}\n".encode()
                yield language.InstallDependenciesResponse(stdout=line)
                child = self._start(command.arguments, command.directory, command.environment, context, capture=True)
                for chunk in output(child):
                    yield _install_response(chunk.data, error=chunk.error)
                if (code := self._children.finish(child)) != 0:
                    _refuse(context, f"`{' '.join(command.arguments)}` ended with exit code {code}.")
        except (HostError, OSError) as error:
            _refuse(context, str(error))

    @override
    def Run(self, request: language.RunRequest, context: grpc.ServicerContext) -> language.RunResponse:
        options = _options(request.info, context)
        python = _python(options, context)
        environment = python.environment(os.environ) | {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        command = [str(python.executable), "-u", str(self._executor), *run_arguments(request, self._engine_address)]
        try:
            if options.typechecker and (fault := self._check_types(options, python, context)):
                return language.RunResponse(error=fault)
            child = self._start(command, None, environment, context, capture=False)
        except OSError as error:
            return language.RunResponse(error=f"Problem executing program (could not run language executor): {error}")
        code = self._children.finish(child)
        # A program that we ended ourselves, because the engine told us to go, is no news to anyone.
        if code == _BAIL or (code != 0 and self._children.closed):
            return language.RunResponse(bail=True)
        return language.RunResponse(error=_ending(code))

    @override
    def RunPlugin(self, request: language.RunPluginRequest, context: grpc.ServicerContext) -> Iterator[language.RunPluginResponse]:
        python = _python(of_plugin(_options(request.info, context)), context)
        environment = python.environment(_environment(request.env) if request.env else os.environ)
        try:
            command = [str(python.executable), "-u", *plugin_arguments(request.kind, Path(request.info.program_directory), request.args)]
            child = self._start(command, Path(request.pwd) if request.pwd else None, environment, context, capture=True)
        except (HostError, OSError) as error:
            _refuse(context, f"{request.name or request.info.program_directory} cannot be run: {error}")
        for chunk in output(child):
            yield language.RunPluginResponse(stderr=chunk.data) if chunk.error else language.RunPluginResponse(stdout=chunk.data)
        yield language.RunPluginResponse(exitcode=self._children.finish(child))

    @override
    def Cancel(self, request: Empty, context: grpc.ServicerContext) -> Empty:
        self._children.close()
        return Empty()

    def _check_types(self, options: Options, python: Python, context: grpc.ServicerContext) -> str:
        """Run the type checker that the project wants before each run; what it finds is printed, and returned as one sentence."""
        command = [str(python.executable), "-m", options.typechecker, str(options.program)]
        code = self._children.finish(self._start(command, options.root, python.environment(os.environ), context, capture=False))
        return f"{options.typechecker} found faults in {options.program}; see its output above" if code else ""

    def _start(
        self, command: Sequence[str], cwd: Path | None, environment: Mapping[str, str], context: grpc.ServicerContext, *, capture: bool
    ) -> subprocess.Popen[bytes]:
        child = self._children.start(command, cwd=cwd, environment=environment, capture=capture)
        # The engine ends a plugin, and a run that it gives up, by cancelling the call.
        if not context.add_callback(lambda: self._children.stop(child)):
            self._children.stop(child)
        return child


def run_arguments(request: language.RunRequest, engine_address: str) -> list[str]:
    """Return the arguments of pulumi-language-python-exec for a run; empty options are left out."""
    named = {
        "monitor": request.monitor_address,
        "engine": engine_address,
        "project": request.project,
        "root_directory": request.info.root_directory,
        "stack": request.stack,
        "pwd": request.pwd,
        "dry_run": "true" if request.dryRun else "false",
        "parallel": str(request.parallel),
        "organization": request.organization,
    }
    options = [part for name, value in named.items() if value for part in (f"--{name}", value)]
    program = Path(request.info.program_directory) / (request.info.entry_point or ".")
    return [*options, str(program), *request.args]


def plugin_arguments(kind: str, directory: Path, arguments: Sequence[str]) -> list[str]:
    """Return what comes after the interpreter to run a policy pack, a component package or another plugin.

    Raises:
        HostError: the directory holds nothing that can be run.
    """
    if kind == "analyzer":
        return ["-m", "pulumi.policy", *arguments, str(directory)]
    if (directory / "__main__.py").is_file():
        return [str(directory), *arguments]
    if name := _buildable(directory):
        return ["-m", "pulumi.run.plugin", name, *arguments]
    raise HostError(f"{directory} has neither __main__.py nor a pyproject.toml with [project] and [build-system]. Add one of them.")


def _buildable(directory: Path) -> str:
    """Return the name of the distribution that the directory can be built into, or nothing."""
    try:
        said = tomllib.loads((directory / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    name = _table(said, "project").get("name")
    return name if isinstance(name, str) and _table(said, "build-system").get("build-backend") else ""


def _table(document: Mapping[str, object], name: str) -> dict[str, object]:
    value = document.get(name)
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _options(info: language.ProgramInfo, context: grpc.ServicerContext) -> Options:
    said = cast("dict[str, object]", MessageToDict(info.options))
    try:
        return read_options(info.root_directory, info.program_directory or info.root_directory, said)
    except HostError as error:
        _refuse(context, str(error))


def _python(options: Options, context: grpc.ServicerContext) -> Python:
    try:
        return find_python(options, os.environ)
    except HostError as error:
        _refuse(context, str(error))


def _installed(options: Options, context: grpc.ServicerContext) -> tuple[packages.Distribution, ...]:
    try:
        return packages.installed(_python(options, context))
    except HostError as error:
        _refuse(context, str(error))


def _required(info: language.ProgramInfo, context: grpc.ServicerContext) -> tuple[packages.Plugin, ...]:
    """List the plugins to fetch before a run; none where the user lets nothing be fetched: one that is needed is asked for again then."""
    if os.environ.get("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "").lower() in {"1", "true"}:
        return ()
    return packages.plugins(_installed(_options(info, context), context))


def _environment(pairs: Sequence[str]) -> dict[str, str]:
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


def _install_response(data: bytes, *, error: bool) -> language.InstallDependenciesResponse:
    return language.InstallDependenciesResponse(stderr=data) if error else language.InstallDependenciesResponse(stdout=data)


def _ending(code: int) -> str:
    if code == 0:
        return ""
    return f"Program exited with non-zero exit code: {code}" if code > 0 else f"Program was ended by signal {-code}"


def _refuse(context: grpc.ServicerContext, sentence: str) -> NoReturn:
    context.abort(grpc.StatusCode.FAILED_PRECONDITION, sentence)
    raise AssertionError("abort always raises")
