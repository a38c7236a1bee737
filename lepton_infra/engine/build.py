"""The fourth way: the engine from its source, out of the Go module proxy.

`go install` refuses the CLI because its go.mod replaces modules, so it is built as a tool of a module of our own, whose go.mod and
go.sum pin every module by version and hash. Two scripts come from the same source; the language host is ours.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from lepton_infra.engine import launcher, recipe
from lepton_infra.engine.model import PINNED, Way, WayClosed
from lepton_infra.engine.processes import Ticker, run_watched

_PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_SDK = "github.com/pulumi/pulumi/sdk/v3"
# Without this flag the CLI has no version, and every client that asks for it refuses to work with it.
_LINKER = f"-s -w -X {_SDK}/go/common/version.Version=v{PINNED}"
_SCRIPTS = ("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python")
_LIMIT_SECONDS = 3600.0
_FIX = "Install Go 1.26 (https://go.dev/dl/) and allow access to its module proxy"


def build(staging: Path, report: Callable[[str], None]) -> Path:
    """Build the pinned engine and return the directory with its `bin`.

    Raises:
        WayClosed: there is no Go, or it fails.
        OSError: the staging directory cannot be written.
    """
    go = find_go()
    source, root = staging / "source", staging / "build"
    _write_recipe(source)
    (root / "bin").mkdir(parents=True)
    steps = _Steps(go, source, report)
    packages = steps.packages()
    steps.compile(root / "bin" / "pulumi", packages)
    sdk = steps.module_directory()
    for path in _SCRIPTS:
        _install(sdk / path, root / "bin")
    launcher.write(root / "bin")
    return root


def find_go() -> str:
    """Return the `go` on PATH.

    Raises:
        WayClosed: there is none.
    """
    go = shutil.which("go")
    if go is None:
        raise WayClosed(Way.BUILD, "there is no go on PATH", _FIX)
    return go


def go_environment(base: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the build: no C compiler, and no workspace file of the directory that we happen to be in."""
    return {**base, "CGO_ENABLED": "0", "GOWORK": "off"}


@dataclass(slots=True)
class _Progress:
    """Counts what go says while it works, and tells it once a second."""

    report: Callable[[str], None]
    title: str
    total: int = 0
    modules: int = 0
    packages: int = 0
    started: float = field(default_factory=time.monotonic)

    def line(self, text: str) -> None:
        """Count a line: `go: downloading …` for a module, an import path for a package."""
        if text.startswith("go: downloading "):
            self.modules += 1
        elif not text.startswith("go: "):
            self.packages += 1

    def tell(self) -> None:
        """Report how far it is. Packages that go has compiled before are not named by it, so the total is an upper bound."""
        compiled = f"{self.packages} of {self.total} packages, " if self.total and self.packages else ""
        downloaded = f"{self.modules} modules, " if self.modules else ""
        self.report(f"{self.title}: {compiled or downloaded}{time.monotonic() - self.started:.0f} s")


@dataclass(frozen=True, slots=True)
class _Steps:
    """The calls of go, in a directory that holds the recipe."""

    go: str
    source: Path
    report: Callable[[str], None]

    def packages(self) -> int:
        """Download the modules and return how many packages there are to compile."""
        return self._go("downloading the engine's modules", 0, "list", "-mod=readonly", "-deps", "-f", "{{.ImportPath}}", _PACKAGE)

    def compile(self, target: Path, packages: int) -> None:
        """Compile and link the CLI."""
        arguments = ("build", "-v", "-mod=readonly", "-trimpath", "-buildvcs=false", "-tags", "osusergo", "-ldflags", _LINKER)
        self._go("compiling the engine", packages, *arguments, "-o", str(target), _PACKAGE)

    def module_directory(self) -> Path:
        """Return where the SDK's source was unpacked."""
        return Path(_ask(self.go, self.source, ("list", "-mod=readonly", "-m", "-f", "{{.Dir}}", _SDK)).strip())

    def _go(self, title: str, total: int, *arguments: str) -> int:
        progress = _Progress(self.report, title, total)
        progress.tell()
        command, tick = [self.go, *arguments], Ticker(progress.tell, progress.line)
        try:
            outcome = run_watched(command, cwd=self.source, seconds=_LIMIT_SECONDS, tick=tick, environment=go_environment(os.environ))
        except OSError as error:
            raise WayClosed(Way.BUILD, f"{self.go} cannot be run ({error.strerror or error})", _FIX) from error
        if outcome.code != 0:
            raise WayClosed(Way.BUILD, f"`go {arguments[0]}` failed while {title} ({outcome.last_line})", _FIX)
        return progress.packages


def _ask(go: str, source: Path, arguments: Sequence[str]) -> str:
    asked = subprocess.run(
        [go, *arguments], cwd=source, env=go_environment(os.environ), capture_output=True, text=True, errors="replace", check=False
    )
    if asked.returncode != 0:
        raise WayClosed(Way.BUILD, f"`go {arguments[0]}` failed ({asked.stderr.strip()[-300:] or asked.returncode})", _FIX)
    return asked.stdout


def _write_recipe(source: Path) -> None:
    source.mkdir(parents=True)
    for name in ("go.mod", "go.sum"):
        (source / name).write_bytes(resources.files(recipe).joinpath(name).read_bytes())


def _install(path: Path, directory: Path) -> None:
    if not path.is_file():
        raise WayClosed(Way.BUILD, f"{path} is missing from the SDK's source", "Run `go clean -modcache` and try again")
    target = directory / path.name
    target.write_bytes(path.read_bytes())
    target.chmod(0o755)
