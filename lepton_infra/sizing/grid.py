"""From rows of time and value to equal steps: order, repeats, the step itself, and gaps."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from lepton_infra.errors import BadInput, Fault
from lepton_infra.sizing.arrays import Flags, Floats
from lepton_infra.sizing.series import LONGEST_STEP

MOST_STEPS: Final = 20_000_000
"""Steps that a series may span, gaps included: 38 years by the minute."""
_SHOWN: Final = 10


def grid(times: Sequence[float], values: Sequence[float], lines: Sequence[int], name: str) -> tuple[dt.datetime, int, Floats]:
    """Put rows into equal steps, with NaN where a row is missing.

    Args:
        times: seconds since 1970, in the order of the file.
        values: demand, NaN for a gap.
        lines: line of each row, for messages.
        name: of the file, for messages.

    Returns:
        The start, the step in seconds, the values by step.

    Raises:
        BadInput: times out of order, repeated, or not on a common step, with the lines.
    """
    stamps = np.asarray(times, dtype=np.float64)
    where = np.asarray(lines, dtype=np.int64)
    apart = np.diff(stamps)
    if len(stamps) < 2:  # noqa: PLR2004 (one row has no step)
        raise BadInput(Fault(name, "has one row", "two or more, so that there is a step"))
    disordered = [
        *_each(where[1:], apart < 0, name, "has a time before that of the row above", "times in order"),
        *_each(where[1:], apart == 0, name, "has the time of the row above", "each time once"),
    ]
    if disordered:
        raise BadInput(disordered)
    step = _step(apart)
    steps = apart / step
    uneven = np.abs(steps - np.round(steps)) > 1e-6  # noqa: PLR2004 (far below a step, far above rounding)
    if uneven.any():
        raise BadInput(
            _each(
                where[1:], uneven, name, f"is not a multiple of {step:g} s after the row above", "equal steps, with rows left out for gaps"
            )
        )
    places = np.concatenate([[0], np.cumsum(np.round(steps).astype(np.int64))])
    if step > LONGEST_STEP or step != round(step):
        raise BadInput(Fault(name, f"has steps of {step:g} s", f"whole seconds, {LONGEST_STEP} at most: a plan is by the hour"))
    if places[-1] >= MOST_STEPS:
        raise BadInput(Fault(name, f"spans {int(places[-1]):,} steps of {step:g} s", f"{MOST_STEPS:,} at most", "Look for a wrong date"))
    filled = np.full(int(places[-1]) + 1, np.nan)
    filled[places] = np.asarray(values, dtype=np.float64)
    return dt.datetime.fromtimestamp(float(stamps[0]), dt.UTC), round(step), filled


def _step(apart: Floats) -> float:
    """Return the commonest distance; of several the shortest."""
    distances, counts = np.unique(np.round(apart, 3), return_counts=True)
    return float(distances[int(np.argmax(counts))])


def _each(lines: Iterable[int], wrong: Flags, name: str, given: str, allowed: str) -> list[Fault]:
    found = [line for line, bad in zip(lines, wrong.tolist(), strict=True) if bad]
    shown = [Fault(f"{name}:{line}", given, allowed) for line in found[:_SHOWN]]
    rest = len(found) - len(shown)
    return [*shown, *([Fault(name, f"has {rest:,} more rows like these", "none")] if rest else [])]
