"""What an update would change, by wire path, and whether it can be done in place."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from lepton_infra.rehearsal.facts import TypeFacts
from lepton_infra.rehearsal.wire import Properties, Value, has_unknown, is_unknown

_INDEX: Final = re.compile(r"\[[^\]]*\]")
_PLAIN: Final = re.compile(r"[A-Za-z_$][\w$]*")


class Kind(Enum):
    """How a property differs."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Difference:
    """One property that differs."""

    path: str
    """Where: `scalingConfig.maxSize`, `blockDeviceMappings[0].ebs.volumeSize`, `tags["a.b"]`."""
    kind: Kind
    """How."""
    replaces: bool
    """Whether the resource has to be replaced for it."""

    @property
    def root(self) -> str:
        """Return the top-level property."""
        return re.split(r"[.\[]", self.path, maxsplit=1)[0]


def differences(old: Properties, new: Properties, facts: TypeFacts, ignore: Iterable[str] = ()) -> list[Difference]:
    """Compare old arguments with new ones.

    Args:
        old: arguments as last applied.
        new: arguments now asked for; an unknown one counts as changed.
        facts: which paths force a replacement and which lists are sets.
        ignore: paths (Pulumi's `ignoreChanges`) whose changes do not count; a path covers all below it.
    """
    ignored = [_steps(path) for path in ignore]
    found = [Difference(path, kind, _forces(path, facts)) for path, kind in _compare(old, new, "", facts)]
    return [one for one in found if not any(_covers(path, _steps(one.path)) for path in ignored)]


def _forces(path: str, facts: TypeFacts) -> bool:
    steps = _dotted(path).split(".")
    return any(".".join(steps[:depth]) in facts.replace for depth in range(1, len(steps) + 1))


def _dotted(path: str) -> str:
    return _INDEX.sub("", path)


def _steps(path: str) -> list[str]:
    return [step.strip('"') for step in re.findall(r'"(?:[^"\\]|\\.)*"|[^.\[\]"]+', path)]


def _covers(ignored: list[str], steps: list[str]) -> bool:
    return len(ignored) <= len(steps) and all(one in {"*", step} for one, step in zip(ignored, steps, strict=False))


def _compare(old: Value, new: Value, path: str, facts: TypeFacts) -> Iterator[tuple[str, Kind]]:
    if old is None and new is None:
        return
    if old is None or new is None:
        yield path, Kind.ADD if old is None else Kind.DELETE
    elif isinstance(old, dict) and isinstance(new, dict):
        for name in [*old, *(name for name in new if name not in old)]:
            if not name.startswith("__"):
                yield from _compare(old.get(name), new.get(name), _under(path, name), facts)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(old, new, path, facts)
    elif old != new or is_unknown(new):
        yield path, Kind.UPDATE


def _lists(old: list[Value], new: list[Value], path: str, facts: TypeFacts) -> Iterator[tuple[str, Kind]]:
    if _dotted(path) in facts.sets and not has_unknown(new):
        spelled = [sorted(json.dumps(item, sort_keys=True) for item in items) for items in (old, new)]
        if spelled[0] == spelled[1]:
            return
    for index in range(max(len(old), len(new))):
        one = old[index] if index < len(old) else None
        other = new[index] if index < len(new) else None
        yield from _compare(one, other, f"{path}[{index}]", facts)


def _under(path: str, name: str) -> str:
    if not _PLAIN.fullmatch(name):
        return f'{path}["{name}"]'
    return f"{path}.{name}" if path else name
