"""Solving a program with HiGHS through scipy. The one file that knows scipy, which is loaded only where something is solved."""

import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.packing.program import Program

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_INFEASIBLE: Final = 2
_LIMIT: Final = 1


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to try. The counts are the same on every machine; seconds are a safety net, and a plan that ran into it says so."""

    gap: float = 0.005
    """Share above the bound at which a solution is good enough."""
    branches: int = 20_000
    """Nodes of the search tree, at most."""
    seconds: float = 60.0
    """Time for one program, at most."""
    sweeps: int = 3
    """Times that the hours are gone through to smooth starts."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A solution."""

    values: Floats
    """Value of each column; whole columns are whole."""
    value: float
    """The objective."""
    bound: float
    """What no solution falls below."""
    stopped: bool
    """Whether the search ended before it was within the gap."""


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The solution with fractions of nodes allowed."""

    value: float
    """The objective, which no solution falls below."""
    reduced: Floats
    """What one more of each column would add to it at least, given the best of the others."""


def solve(program: Program, objective: Floats, effort: Effort, extra: Sequence[tuple[Floats, float]] = ()) -> Answer | None:
    """Return the solution with the least objective, or None where there is none.

    Args:
        program: columns and rows.
        objective: what a unit of each column costs, shape `(columns,)`.
        effort: how hard to try.
        extra: further rows, each with its upper bound.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415 (scipy takes long to load; most programs never solve)

    if not program.usd:
        return Answer(np.zeros(0), 0.0, 0.0, stopped=False) if _holds_empty(program) else None
    matrix, low, high = _rows(program, extra)
    with _quiet():
        found = milp(
            objective,
            integrality=np.asarray(program.whole, dtype=np.int64),
            bounds=Bounds(np.zeros(len(program.upper)), np.asarray(program.upper)),
            constraints=[LinearConstraint(matrix, low, high)],
            options={"mip_rel_gap": effort.gap, "node_limit": effort.branches, "time_limit": effort.seconds, "presolve": True},
        )
    if found.x is None:
        return None
    values = np.where(program.whole, np.round(found.x), found.x)
    value, bound = float(objective @ values), cast("float | None", found.mip_dual_bound)
    return Answer(values, value, value if bound is None else min(float(bound), value), cast("int", found.status) == _LIMIT)


def relax(program: Program, objective: Floats, extra: Sequence[tuple[Floats, float]] = ()) -> Relaxed | None:
    """Return the solution of the program without wholeness, or None where there is none: then there is none with it either."""
    from scipy.optimize import linprog  # noqa: PLC0415 (as above)
    from scipy.sparse import vstack  # noqa: PLC0415 (as above)

    if not program.usd:
        return Relaxed(0.0, np.zeros(0)) if _holds_empty(program) else None
    matrix, low, high = _rows(program, extra)
    equal = low == high
    above, below = np.isfinite(high) & ~equal, np.isfinite(low) & ~equal
    found = linprog(
        objective,
        A_ub=vstack([matrix[above], -matrix[below]], format="csr") if (above | below).any() else None,
        b_ub=np.concatenate([high[above], -low[below]]) if (above | below).any() else None,
        A_eq=matrix[equal] if equal.any() else None,
        b_eq=high[equal] if equal.any() else None,
        bounds=[(0.0, upper) for upper in program.upper],
        method="highs",
    )
    if found.status == _INFEASIBLE or found.x is None or found.fun is None:
        return None
    return Relaxed(float(found.fun), np.maximum(np.asarray(found.lower.marginals, dtype=np.float64), 0.0))


def _holds_empty(program: Program) -> bool:
    return all(low <= 0 <= high for low, high in zip(program.low, program.high, strict=True))


@contextmanager
def _quiet() -> Generator[None]:
    """Keep what HiGHS leaves of its own debugging (`transformNewIntegerFeasibleSolution ...`) off the standard output, where answers go."""
    sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:
        yield  # nothing is open there
        return
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _rows(program: Program, extra: Sequence[tuple[Floats, float]]) -> "tuple[csr_array, Floats, Floats]":
    from scipy.sparse import coo_array, csr_array, vstack  # noqa: PLC0415 (as above)

    entries = np.asarray(program.entries, dtype=np.float64).reshape(-1, 3)
    places = (entries[:, 0].astype(np.int32), entries[:, 1].astype(np.int32))
    matrix = csr_array(coo_array((entries[:, 2], places), shape=(len(program.low), len(program.usd))))
    low, high = np.asarray(program.low, dtype=np.float64), np.asarray(program.high, dtype=np.float64)
    if extra:
        matrix = csr_array(vstack([matrix, csr_array(np.asarray([row for row, _ in extra]))]))
        low = np.concatenate([low, np.full(len(extra), -np.inf)])
        high = np.concatenate([high, np.asarray([most for _, most in extra], dtype=np.float64)])
    return matrix, low, high
