"""What a demand file says: a series, and what a series alone does not keep."""

from dataclasses import dataclass
from typing import Final

from lepton_infra.sizing.arrays import Floats, Ints
from lepton_infra.sizing.series import DemandSeries

COMMAND_LINE: Final = "--"
"""The place of what is said on the command line and not in a stack file."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One of those whose demand is summed."""

    name: str
    """As the header or the labels say it."""
    mean: float
    """Mean of what was recorded, in the series' unit."""
    peak: float
    """The most that was recorded."""
    gaps: int
    """Rows of the file without a value of this tenant, those left out not counted."""


@dataclass(frozen=True, eq=False, slots=True)
class Split:
    """What the rows of a file say of each tenant."""

    steps: Ints
    """Step of the series at which a row stands, rising, shape `(rows,)`."""
    values: Floats
    """Demand by row and tenant, NaN for a gap, shape `(rows, tenants)`."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Requests of a window's busiest second over those of its mean second, over the windows that had requests."""

    median: float
    """In half of the windows it was no more."""
    p95: float
    """In 95 % of the windows it was no more."""
    most: float
    """In the worst window."""
    window_seconds: int
    """Length of a window."""
    beyond_chance: float
    """The busiest second over that of as many requests which come at random, in half of the windows no more; 1 is pure chance."""


@dataclass(frozen=True, slots=True)
class Record:
    """A demand file as it was read."""

    form: str
    """What kind of file it is, in words."""
    series: DemandSeries
    """Demand in equal steps; with tenants their sum, known only where every tenant is."""
    tenants: tuple[Tenant, ...] = ()
    """Those summed, in the order of the file; empty where demand is not split."""
    split: Split | None = None
    """Their demand step by step; None where demand is not split."""
    lost: int = 0
    """Steps in which some tenants were known and others not: they count as gaps."""
    burst: Burst | None = None
    """How uneven demand is inside a window; None where single requests are not known."""


def option(where: str, name: str) -> str:
    """Return what to call a setting of the demand: its path in the stack file, or the option of the command."""
    if where != COMMAND_LINE:
        return f"{where}.{name}"
    return "FILE" if name == "file" else f"--{name}"
