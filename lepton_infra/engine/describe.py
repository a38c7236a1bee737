"""An engine as a JSON document."""

from collections.abc import Sequence

from lepton_infra.engine.model import Attempt, Engine


def describe(engine: Engine | None, attempts: Sequence[Attempt]) -> dict[str, object]:
    """Return what `lepton engine … --json` prints: `engine` (null where there is none) and the ways that failed before."""
    return {
        "engine": engine and {"executable": str(engine.executable), "version": engine.version, "way": str(engine.way)},
        "attempts": [{"way": str(attempt.way), "cause": attempt.cause, "fix": attempt.fix} for attempt in attempts],
    }
