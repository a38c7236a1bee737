"""The engine's event log as typed records.

The log holds one JSON object a line (`apitype.EngineEvent`, sdk/v3/go/common/apitype/events.go of Pulumi 3.259). Pulumi's own
Automation API drops what we need most, the severity of a violation and which policies ran, so the lines are read here.
Nothing in a line is trusted: what is not an event is no event.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast


@dataclass(frozen=True, slots=True)
class Step:
    """What a step is about."""

    urn: str
    """The resource."""
    type: str
    """Its type token, for instance `aws:ec2/vpc:Vpc`."""
    op: str
    """What is done: create, update, replace, create-replacement, delete-replaced, delete, same, read, refresh, import and their kin."""


@dataclass(frozen=True, slots=True)
class Started(Step):
    """The engine begins a step."""


@dataclass(frozen=True, slots=True)
class Done(Step):
    """A step has ended well."""


@dataclass(frozen=True, slots=True)
class Failed(Step):
    """A step has failed; why is said by a diagnostic about the same resource."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something said by the engine, a provider or the program."""

    severity: str
    """info, info#err, warning or error; debug is left out."""
    message: str
    """What was said, without its line end."""
    urn: str
    """The resource it is about, or nothing."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A policy says no to a resource or to the stack."""

    policy: str
    """The policy's name."""
    pack: str
    """Its pack's name."""
    urn: str
    """The resource; the stack's root resource for a stack policy."""
    severity: str
    """low, medium, high or critical; nothing where the policy states none."""
    level: str
    """warning or mandatory (also remediate and none)."""
    message: str
    """What is wrong and what to do, in the policy's words."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The policies of a pack were applied: positive evidence that they ran."""

    pack: str
    """The pack's name."""
    urn: str
    """The resource, or nothing for the policies that look at the whole stack."""
    passed: tuple[str, ...]
    """Names of the policies that found nothing."""
    failed: tuple[str, ...]
    """Names of the policies that found something."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The end of an operation."""

    changes: Mapping[str, int]
    """How many resources by what was done with them."""
    seconds: float
    """How long the engine took, in whole seconds."""
    result: str
    """succeeded, failed or canceled; nothing from engines that do not say."""
    packs: tuple[str, ...] = field(default=())
    """The policy packs that took part, by name."""


Event = Started | Done | Failed | Diagnostic | Violation | Judged | Summary


def parse(line: str | bytes) -> Event | None:
    """Read one line of the log; None for what is no event, and for events that nobody here asks about."""
    try:
        said = cast("object", json.loads(line))
    except (ValueError, RecursionError):
        return None
    document = _mapping(said)
    for name, read in _READERS.items():
        if isinstance(document.get(name), dict):
            return read(_mapping(document[name]))
    return None


class Tail:
    """Turns a growing log into events: a line counts when its end has been written."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Event]:
        """Yield the events of the lines that `data` completes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            event = parse(line)
            if event is not None:
                yield event

    def finish(self) -> Iterator[Event]:
        """Yield the event of a last line that has no end."""
        return self.feed(b"\n")


def _mapping(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _text(document: Mapping[str, object], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""


def _names(document: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = document.get(name)
    return tuple(one for one in cast("list[object]", value) if isinstance(one, str)) if isinstance(value, list) else ()


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


_Kind = TypeVar("_Kind", Started, Done, Failed)


def _step(kind: type[_Kind], document: Mapping[str, object]) -> _Kind | None:
    metadata = _mapping(document.get("metadata"))
    urn, op = _text(metadata, "urn"), _text(metadata, "op")
    return kind(urn, _text(metadata, "type"), op) if urn and op else None


def _started(document: Mapping[str, object]) -> Started | None:
    return _step(Started, document)


def _done(document: Mapping[str, object]) -> Done | None:
    return _step(Done, document)


def _failed(document: Mapping[str, object]) -> Failed | None:
    return _step(Failed, document)


def _diagnostic(document: Mapping[str, object]) -> Diagnostic | None:
    severity = _text(document, "severity")
    # The Python SDK sends four lines per resource at this level, whether anyone wants them or not.
    if severity == "debug" or document.get("ephemeral") is True:
        return None
    return Diagnostic(severity, _text(document, "message").rstrip("\n"), _text(document, "urn"))


def _error(document: Mapping[str, object]) -> Diagnostic:
    return Diagnostic("error", _text(document, "error").rstrip("\n"), "")


def _violation(document: Mapping[str, object]) -> Violation:
    return Violation(
        policy=_text(document, "policyName"),
        pack=_text(document, "policyPackName"),
        urn=_text(document, "resourceUrn"),
        severity=_text(document, "severity"),
        level=_text(document, "enforcementLevel"),
        message=_text(document, "message").rstrip("\n"),
    )


def _judged(document: Mapping[str, object]) -> Judged:
    return Judged(_text(document, "policyPackName"), _text(document, "resourceUrn"), _names(document, "passed"), _names(document, "failed"))


def _summary(document: Mapping[str, object]) -> Summary:
    changes = {op: int(_number(count)) for op, count in _mapping(document.get("resourceChanges")).items()}
    # A local pack is named `name|local|path`.
    packs = tuple(sorted(name.partition("|")[0] for name in _mapping(document.get("PolicyPacks"))))
    return Summary(changes, _number(document.get("durationSeconds")), _text(document, "result"), packs)


_READERS = {
    "resourcePreEvent": _started,
    "resOutputsEvent": _done,
    "resOpFailedEvent": _failed,
    "diagnosticEvent": _diagnostic,
    "errorEvent": _error,
    "policyEvent": _violation,
    "policyAnalyzeSummaryEvent": _judged,
    "policyAnalyzeStackSummaryEvent": _judged,
    "summaryEvent": _summary,
}
