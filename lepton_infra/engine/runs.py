"""What one run of the engine did, put together from its events."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from lepton_infra.engine.events import Diagnostic, Done, Event, Failed, Judged, Started, Summary, Violation


class Operation(StrEnum):
    """What the engine is asked to do."""

    PREVIEW = "preview"
    UP = "up"
    REFRESH = "refresh"
    DESTROY = "destroy"


@dataclass(frozen=True, slots=True)
class Change:
    """A step that was done."""

    urn: str
    """The resource."""
    type: str
    """Its type token."""
    op: str
    """What was done with it."""
    seconds: float
    """From its beginning to its end, as seen in the log (about 0.05 s exact); 0 where the beginning was not seen."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that went wrong."""

    urn: str
    """The resource it went wrong with, or nothing."""
    message: str
    """What the engine said."""


@dataclass(frozen=True, slots=True)
class PolicyCheck:
    """A policy that ran."""

    policy: str
    """Its name."""
    pack: str
    """Its pack's name."""
    resources: int
    """How many resources it judged; 0 for a policy that looks at the whole stack."""
    failed: int
    """On how many of them it found something."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the engine."""

    operation: Operation
    """What was asked."""
    ok: bool
    """Whether the CLI ended well. A violation of a mandatory policy and a warning look alike in exit codes: see `violations`."""
    seconds: float
    """Wall clock, start of the CLI included."""
    changes: Mapping[str, int]
    """How many resources by operation, as the engine counts them at the end; counted from `resources` where it did not get there."""
    resources: tuple[Change, ...]
    """Every step that was done, in the order in which they ended."""
    failures: tuple[Failure, ...]
    """Every error, in order; at least one where the run is not ok."""
    violations: tuple[Violation, ...]
    """Every finding of a policy, in order."""
    policies_checked: tuple[PolicyCheck, ...]
    """Every policy that ran, by pack and name; empty means that none ran, whatever packs were given."""
    output: str
    """The end of what the CLI printed, for diagnosis."""


class Ledger:
    """Collects the events of a run."""

    def __init__(self) -> None:
        self._begun: dict[tuple[str, str], tuple[Started, float]] = {}
        self._changes: dict[tuple[str, str], Change] = {}
        self._failures: dict[Failure, None] = {}
        self._failed_steps: list[Failed] = []
        self._violations: dict[Violation, None] = {}
        self._judged: list[Judged] = []
        self._summary: Summary | None = None

    def add(self, event: Event, at: float) -> None:
        """Note an event that was seen at `at`, in seconds of any clock that does not jump."""
        match event:
            case Started():
                self._begun.setdefault((event.urn, event.op), (event, at))
            case Done():
                # The root of a stack and each component end twice: when they are registered and when their outputs are.
                # A refresh begins as `refresh` and ends as what it found.
                begun = self._begun.get((event.urn, event.op)) or self._begun.get((event.urn, "refresh"))
                self._changes[event.urn, event.op] = _change(event, at - begun[1] if begun else 0.0)
            case Failed():
                self._failed_steps.append(event)
            case Diagnostic(severity="error"):
                self._failures[Failure(event.urn, event.message)] = None
            case Diagnostic():
                pass
            case Violation():
                self._violations[event] = None
            case Judged():
                self._judged.append(event)
            case Summary():
                self._summary = event

    def close(self, operation: Operation, *, seconds: float, fault: str, output: str) -> Run:
        """Return the run; `fault` says why the CLI did not end well, and is nothing where it did."""
        resources = (*self._changes.values(), *(() if fault else self._unannounced()))
        return Run(
            operation=operation,
            ok=not fault,
            seconds=seconds,
            changes=dict(self._summary.changes) if self._summary else dict(Counter(change.op for change in resources)),
            resources=resources,
            failures=self._all_failures(_told(output) or fault if fault else ""),
            violations=tuple(self._violations),
            policies_checked=_checks(self._judged),
            output=output,
        )

    def _unannounced(self) -> tuple[Change, ...]:
        """Return the steps of a good run whose end was never told: components that register no outputs."""
        ended = {change.urn for change in self._changes.values()}
        return tuple(
            _change(event, 0.0)
            for key, (event, _) in self._begun.items()
            if key not in self._changes and (event.op != "refresh" or key[0] not in ended)
        )

    def _all_failures(self, fault: str) -> tuple[Failure, ...]:
        said = list(self._failures)
        explained = {failure.urn for failure in said}
        said += [Failure(step.urn, f"{step.op} failed") for step in self._failed_steps if step.urn not in explained]
        return tuple(said) if said or not fault else (Failure("", fault),)


def _told(output: str) -> str:
    """Return the last error that the CLI printed: what goes wrong before the engine runs is in no event."""
    errors = [line.removeprefix("error: ") for line in output.splitlines() if line.startswith("error: ")]
    return errors[-1].strip() if errors else ""


def _change(step: Started | Done, seconds: float) -> Change:
    return Change(step.urn, step.type, step.op, max(0.0, seconds))


def _checks(judged: list[Judged]) -> tuple[PolicyCheck, ...]:
    found = {(event.pack, policy) for event in judged for policy in (*event.passed, *event.failed)}
    resources = Counter((event.pack, policy) for event in judged if event.urn for policy in (*event.passed, *event.failed))
    failed = Counter((event.pack, policy) for event in judged if event.urn for policy in event.failed)
    return tuple(PolicyCheck(policy, pack, resources[pack, policy], failed[pack, policy]) for pack, policy in sorted(found))
