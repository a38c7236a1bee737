"""The ladder: which forecasters a history is long enough for.

A rung opens with its days of history and holds all that the rungs below it hold. On a rung, the loss of each forecaster at the lead time
that it is wanted for decides (`forecast.ranked`). What comes with the extra `forecast` is tried only where it is asked for by name, so that
a plan is the same wherever it is made.
"""

from dataclasses import dataclass
from typing import Final

from lepton_infra.catalog import listed, nearest
from lepton_infra.errors import Fault
from lepton_infra.sizing.forecasters import FORECASTERS
from lepton_infra.sizing.statsforecasters import INSTALL, NAMES, installed

AUTO: Final = "auto"
"""What lets the ladder choose."""
AUTO_WITH_EXTRA: Final = "auto+statsforecast"
"""What lets the ladder choose among the forecasters of the extra too."""


@dataclass(frozen=True, slots=True)
class Rung:
    """What a length of history opens."""

    least_days: float
    """Days recorded, gaps left out."""
    forecasters: tuple[str, ...]
    """Those of `FORECASTERS` that it adds."""
    extra: tuple[str, ...] = ()
    """Those of `statsforecasters.NAMES` that it adds."""


RUNGS: Final = (
    Rung(0, ("naive",)),
    Rung(2, ("moving-average", "seasonal-naive", "ses", "ets", "ridge", "seed"), ("autoarima", "autotheta")),
    Rung(14, (), ("mstl",)),
)
"""From short to long. Two weeks open nothing in numpy: a ridge with the week before beside the days lost more on both series shipped."""


def open_rungs(days: float, wanted: str = AUTO) -> tuple[str, ...]:
    """Return the forecasters to choose from after so many days, or the one that is wanted by name."""
    if wanted not in {AUTO, AUTO_WITH_EXTRA}:
        return (wanted,)
    rungs = [rung for rung in RUNGS if days >= rung.least_days]
    own = tuple(name for name in FORECASTERS if any(name in rung.forecasters for rung in rungs))
    return own + tuple(name for rung in rungs for name in rung.extra if wanted == AUTO_WITH_EXTRA)


def forecaster_fault(wanted: str, where: str) -> list[Fault]:
    """Return what is wrong with the forecaster that is wanted: nobody's name, or one whose library is not here."""
    known = (*FORECASTERS, *NAMES)
    if wanted not in {AUTO, AUTO_WITH_EXTRA, *known}:
        return [Fault(where, f"is {wanted!r}", f"choose {AUTO}, {AUTO_WITH_EXTRA}, {listed(nearest(wanted, known, len(known)))}")]
    if wanted in {AUTO_WITH_EXTRA, *NAMES} and not installed():
        remedy = f"Install it with `{INSTALL}`"
        return [Fault(where, f"is {wanted!r}, but statsforecast is not installed", "the extra `forecast`", remedy)]
    return []
