"""A project, a pack and an engine to try things on; and processes, counted."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from lepton_infra.engine import Engine, Session, ensure

from .machine import Machine

PROGRAM = """
import pulumi

settings = pulumi.Config()
pulumi.ComponentResource("test:index:Thing", "one")
pulumi.export("word", settings.get("word"))
"""

PACK = """
from concurrent.futures import ThreadPoolExecutor

import grpc
from pulumi.runtime.proto import analyzer_pb2 as wire
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto.analyzer_pb2_grpc import AnalyzerServicer, add_AnalyzerServicer_to_server

POLICY = wire.PolicyInfo(
    name="no-one", description="nothing is called one", enforcementLevel=wire.MANDATORY, severity=wire.POLICY_SEVERITY_HIGH
)


class Analyzer(AnalyzerServicer):
    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="0.1.0")

    def GetAnalyzerInfo(self, request, context):
        return wire.AnalyzerInfo(name="tiny", version="0.1.0", policies=[POLICY])

    def Analyze(self, request, context):
        if request.name != "one":
            return wire.AnalyzeResponse()
        found = wire.AnalyzeDiagnostic(
            policyName="no-one", policyPackName="tiny", policyPackVersion="0.1.0", message="call it two", urn=request.urn,
            enforcementLevel=wire.MANDATORY, severity=wire.POLICY_SEVERITY_HIGH,
        )
        return wire.AnalyzeResponse(diagnostics=[found])

    def AnalyzeStack(self, request, context):
        return wire.AnalyzeResponse()

    def Remediate(self, request, context):
        return wire.RemediateResponse()


server = grpc.server(ThreadPoolExecutor(4))
add_AnalyzerServicer_to_server(Analyzer(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
"""


def write_project(root: Path, program: str = PROGRAM) -> Path:
    """Make a project whose program and settings lie in directories of their own, as ours do."""
    (root / "code").mkdir(parents=True)
    (root / "settings").mkdir()
    (root / "Pulumi.yaml").write_text(
        dedent(f"""\
            name: tiny
            main: code
            stackConfigDir: settings
            runtime:
              name: python
              options:
                toolchain: pip
                virtualenv: {sys.prefix}
        """)
    )
    (root / "code" / "__main__.py").write_text(program)
    (root / "settings" / "Pulumi.dev.yaml").write_text("# ours\nconfig:\n  tiny:word: yes # as text\n")
    return root


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    root = tmp_path / "pack"
    root.mkdir()
    options = f"{{toolchain: pip, virtualenv: {sys.prefix}}}"
    (root / "PulumiPolicy.yaml").write_text(f"version: 0.1.0\nruntime:\n  name: python\n  options: {options}\n")
    (root / "__main__.py").write_text(PACK)
    return root


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The engine of this machine; made, if there is none yet."""
    return ensure(lambda _: None)


@pytest.fixture
def session(engine: Engine, project: Path, tmp_path: Path) -> Iterator[Session]:
    with Session(engine, project, "dev", tmp_path / "home") as opened:
        yield opened


@pytest.fixture
def processes(tmp_path: Path) -> Callable[[], list[str]]:
    """Return a function that lists the command lines of living processes that name this test's directory."""

    def listed() -> list[str]:
        said = subprocess.run(["ps", "-axww", "-o", "pid=,stat=,command="], capture_output=True, text=True, check=True)
        return [line for line in said.stdout.splitlines() if str(tmp_path) in line and " Z" not in line]

    return listed


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    made.path.mkdir()
    for tool in ("sh", "sleep", "cat", "chmod", "dirname"):
        (made.path / tool).symlink_to(str(shutil.which(tool)))
    monkeypatch.setenv("PATH", str(made.path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    # `uv run` sets it, and the launcher looks there too.
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    # Nothing listens there, so the download site cannot be reached.
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    return made
