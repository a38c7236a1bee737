"""From the requests of a program to records: what the other end of the line reads."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote

from pulumi.runtime.proto import alias_pb2, resource_pb2, source_pb2

from .values import Value

Frame = tuple[str, int]
"""A file and a line in it."""
_INSTALLED = frozenset({"site-packages", ".venv", "venv"})
_OURS = str(Path(__file__).parent)
"""Where the monitor lies: inside the project that it is developed in."""


@dataclass(frozen=True)
class Place:
    """The stack that a program builds."""

    project: str
    stack: str
    root: Path
    """The project's directory, absolute and resolved."""
    config: Mapping[str, str] = field(default_factory=dict[str, str])

    def urn(self, parent: str, token: str, name: str) -> str:
        """Return the URN of a resource: the types of its ancestors go in, but for the stack's own."""
        above = parent.split("::", maxsplit=3)[2] if parent else ""
        kind = token if above in {"", "pulumi:pulumi:Stack"} else f"{above}${token}"
        return f"urn:pulumi:{self.stack}::{self.project}::{kind}::{name}"

    def aliases(self, request: resource_pb2.RegisterResourceRequest, own: str) -> Iterator[str]:
        """Yield the URNs that a resource's aliases mean."""
        for alias in cast("Iterable[alias_pb2.Alias]", cast("Any", request).aliases):
            yield self._alias(alias, own, request.parent)

    def _alias(self, alias: alias_pb2.Alias, own: str, parent: str) -> str:
        if not alias.HasField("spec"):
            return alias.urn
        spec = alias.spec
        kind, name = own.split("::", maxsplit=3)[2:]
        above = "" if spec.noParent else spec.parentUrn or parent
        elsewhere = Place(spec.project or self.project, spec.stack or self.stack, self.root)
        return elsewhere.urn(above, spec.type or kind.rpartition("$")[2], spec.name or name)

    def default_provider(self, package: str, version: str) -> tuple[str, dict[str, Value]]:
        """Return name and inputs of the provider that resources without one get: the stack's settings for the package."""
        inputs: dict[str, Value] = {
            key.partition(":")[2]: value for key, value in sorted(self.config.items()) if key.partition(":")[0] == package
        }
        numbers = version.replace("+", ".").replace("-", ".").split(".") if version else []
        return "_".join(("default", *numbers)), inputs | ({"version": version} if version else {})

    def frames(self, trace: source_pb2.StackTrace) -> list[Frame]:
        """Return where the program stood, nearest first: files inside the project, none that is installed."""
        found = ((_path(frame.pc.uri), frame.pc.line) for frame in trace.frames)
        return [(inside, line) for path, line in found if (inside := own_file(path, self.root))]


def own_file(path: str, root: Path) -> str:
    """Return a file of the project relative to its root; nothing for what is installed or lies elsewhere."""
    try:
        relative = Path(path).relative_to(root)
    except ValueError:
        return ""
    return "" if _INSTALLED & set(relative.parts) or path.startswith(_OURS) else relative.as_posix()


def _path(uri: str) -> str:
    return unquote(uri.removeprefix("file://"))


def sorted_urns(urns: Iterable[str]) -> list[str]:
    """Return URNs in an order of their own: the SDK sends them in none."""
    return sorted({urn for urn in urns if urn})


def settings(inputs: Mapping[str, Value]) -> dict[str, Value]:
    """Return a provider's inputs as a data source sees them: what is no text comes as JSON in one."""
    return {name: _parsed(value) for name, value in inputs.items()}


def _parsed(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
