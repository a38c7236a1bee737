"""What an engine is, and the four ways to one."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

PINNED = "3.259.0"
"""The version that is downloaded or built. No newer `pkg/v3` is served by the Go module proxy; the Python SDK is locked to it as well."""


class Way(StrEnum):
    """How an engine was had, in the order in which the ways are tried."""

    PATH = "path"
    CACHE = "cache"
    DOWNLOAD = "download"
    BUILD = "build"

    @property
    def label(self) -> str:
        """What a person calls it."""
        return _LABELS[self]


_LABELS = {
    Way.PATH: "pulumi on PATH",
    Way.CACHE: "own cache",
    Way.DOWNLOAD: "official download",
    Way.BUILD: "build with Go",
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """A way that did not lead to an engine."""

    way: Way
    """Which way."""
    cause: str
    """Why not, lower-case and without its full stop."""
    fix: str
    """What would open it, as an imperative without its full stop."""

    def __str__(self) -> str:
        """Return both as one line."""
        return f"{self.way.label}: {self.cause}. {self.fix}."


class WayClosed(Exception):  # noqa: N818 (reads as what it is: `except WayClosed`)
    """A way does not lead to an engine; carries its attempt."""

    def __init__(self, way: Way, cause: str, fix: str) -> None:
        self.attempt = Attempt(way, cause, fix)
        super().__init__(str(self.attempt))


@dataclass(frozen=True, slots=True)
class Engine:
    """A Pulumi CLI that works, with a language host for Python."""

    root: Path
    """The directory that holds `bin/pulumi`; where `pulumi` lies in a directory of another name, that directory."""
    version: str
    """Its version without the leading v, for instance `3.259.0`."""
    way: Way
    """How it was had."""
    attempts: tuple[Attempt, ...] = ()
    """The ways that come before and failed, in order."""

    @property
    def directory(self) -> Path:
        """The directory of the executables: what a child process needs first on its PATH."""
        inner = self.root / "bin"
        return inner if (inner / "pulumi").exists() else self.root

    @property
    def executable(self) -> Path:
        """The Pulumi CLI."""
        return self.directory / "pulumi"

    @property
    def sentence(self) -> str:
        """Which engine this is and how it was had."""
        return f"Pulumi {self.version} at {self.executable} ({self.way.label})"


@dataclass(frozen=True, slots=True)
class Status:
    """What is there without doing anything."""

    engine: Engine | None
    """The engine that would be used, or None where one would have to be installed."""
    attempts: tuple[Attempt, ...]
    """Why each way that was looked at does not lead to one now."""
    cache: Path
    """Where an engine would be installed."""
