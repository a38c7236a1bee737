"""The rehearsal: the real engine takes the unmodified program up, finds nothing to change, and takes it down again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lepton_infra.engine import Change, Engine, Operation, PolicyCheck, Run, Session
from lepton_infra.engine.events import Event, Started, Violation
from lepton_infra.graph import Graph, read_state
from lepton_infra.rehearsal.cloud import Held, PretendCloud
from lepton_infra.rehearsal.place import Place
from lepton_infra.rules.announce import UNDECIDED

Report = Callable[[str], None]
_UNCHANGED = frozenset({"same", "read", "refresh"})


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a rehearsal."""

    name: str
    """What was done: `preview`, `up`, `up again`, `refresh`, `destroy`."""
    run: Run
    """What the engine did."""
    cloud_seconds: float
    """Seconds spent inside the pretend cloud, all its answers added up."""
    fault: str
    """Why the step did not get there; empty where it did."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rehearsal found."""

    steps: tuple[Step, ...]
    """The steps taken, in order."""
    graph: Graph | None
    """What stood when everything was up; None where it never was."""
    state: Path | None
    """The exported deployment as it was then."""
    orphans: tuple[Held, ...]
    """What the pretend cloud still holds although nothing should be left; empty where it was kept on purpose."""

    @property
    def faults(self) -> tuple[str, ...]:
        """Return why it did not get there, step by step; empty where it did."""
        left = (f"left behind: {len(self.orphans)} resources after destroy",) if self.orphans else ()
        return (*(f"{step.name}: {step.fault}" for step in self.steps if step.fault), *left)

    @property
    def drift(self) -> tuple[Change, ...]:
        """Return what refresh found changed."""
        return next((_changed(step.run) for step in self.steps if step.name == "refresh"), ())

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Return every rule broken, each once; what a rule could not tell is not among them."""
        found = (violation for step in self.steps for violation in step.run.violations if violation.policy != UNDECIDED)
        return tuple(dict.fromkeys(found))

    @property
    def undecided(self) -> tuple[Violation, ...]:
        """Return what the rules could not tell at the end: at `up`, where values are known, or at preview where it came no further."""
        return tuple(violation for violation in self._judged.violations if violation.policy == UNDECIDED) if self._judged else ()

    @property
    def rules(self) -> tuple[PolicyCheck, ...]:
        """Return the rules that ran, with how many resources each judged: at `up`, or at preview where it came no further."""
        return tuple(rule for rule in self._judged.policies_checked if rule.policy != UNDECIDED) if self._judged else ()

    @property
    def _judged(self) -> Run | None:
        return next((step.run for step in reversed(self.steps) if step.run.policies_checked), None)


@dataclass(frozen=True, slots=True)
class Stage:
    """All that a rehearsal plays on."""

    engine: Engine
    """The Pulumi CLI."""
    project: Path
    """The directory of Pulumi.yaml."""
    stack: str
    """The stack's name."""
    place: Place
    """Where state, logs and the pretend cloud are kept."""
    packages: Sequence[str] = ("aws",)
    """Packages whose clouds are pretended."""
    packs: Sequence[Path] = ()
    """Directories of the policy packs that preview and up are judged by."""


def rehearse(stage: Stage, report: Report, *, keep: bool = False) -> Rehearsal:
    """Preview, up, up again, refresh, destroy, and a search of the pretend cloud for what is left.

    A step that fails ends the way up; what stands by then is taken down all the same, unless it is to be kept.

    Args:
        stage: what to play on.
        report: told what is being done.
        keep: stop before destroy.
    """
    with (
        PretendCloud(stage.place.cloud, stage.packages) as cloud,
        Session(stage.engine, stage.project, stage.stack, stage.place.home / "engine", cloud.environment) as session,
    ):
        play = _Play(session, cloud, report)
        graph = _way_up(play, stage)
        if not keep:
            _way_down(play)
        report("orphans: searching the pretend cloud")
        orphans = () if keep else cloud.resources()
    return Rehearsal(tuple(play.steps), graph, stage.place.state if graph else None, orphans)


def _way_up(play: "_Play", stage: Stage) -> Graph | None:
    judge = _judged(stage.packs)
    if not all(play.take(operation.value, operation, judge, stage.packs) for operation in (Operation.PREVIEW, Operation.UP)):
        return None
    graph = read_state(play.session.export(stage.place.state))
    if play.take("up again", Operation.UP, _unchanged):
        play.take("refresh", Operation.REFRESH, _unchanged)
    return graph


def _way_down(play: "_Play") -> None:
    if any(step.name == "up" for step in play.steps):
        # What is protected must not be lost in a real cloud; here it has to go, or nobody would know whether it can.
        play.session.unprotect()
        play.take("destroy", Operation.DESTROY, _ended)


@dataclass(slots=True)
class _Play:
    """The engine and the cloud at work, and the steps taken so far."""

    session: Session
    cloud: PretendCloud
    report: Report
    steps: list[Step] = field(default_factory=list[Step])

    def take(self, name: str, operation: Operation, judge: Callable[[Run], str], packs: Sequence[Path] = ()) -> bool:
        """Take a step, keep what came of it, and say whether to go on."""
        self.report(f"{name}: starting")
        before = self.cloud.seconds
        # Stored after every step, the state of a small stack costs more time than building it.
        run = self.session.run(operation, policy_packs=packs, listen=_Counter(name, self.report), checkpoints=False)
        self.steps.append(Step(name, run, self.cloud.seconds - before, judge(run)))
        return not self.steps[-1].fault


class _Counter:
    """Turns the engine's events into a running line."""

    def __init__(self, name: str, report: Report) -> None:
        self._name = name
        self._report = report
        self._seen = 0

    def __call__(self, event: Event) -> None:
        if isinstance(event, Started):
            self._seen += 1
            self._report(f"{self._name}: {self._seen} resources, {event.op} {event.urn.rpartition('::')[2]}")


def _ended(run: Run) -> str:
    return "" if run.ok else "; ".join(failure.message for failure in run.failures)


def _judged(packs: Sequence[Path]) -> Callable[[Run], str]:
    """Return a judge that also asks whether the rules really ran: an engine that skips a pack says nothing."""

    def judge(run: Run) -> str:
        broken = sum(violation.level == "mandatory" for violation in run.violations)
        if broken:
            return f"{broken} mandatory rules broken"
        return _ended(run) or ("the policy packs were given and did not run" if packs and not run.policies_checked else "")

    return judge


def _unchanged(run: Run) -> str:
    changed = _changed(run)
    if not run.ok or not changed:
        return _ended(run)
    named = ", ".join(f"{change.op} {change.urn.rpartition('::')[2]}" for change in changed[:5])
    return f"{len(changed)} resources changed although nothing else did: {named}"


def _changed(run: Run) -> tuple[Change, ...]:
    return tuple(change for change in run.resources if change.op not in _UNCHANGED)
