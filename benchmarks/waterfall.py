"""Where the dollars of a fleet go: from perfect knowledge at the cheapest price, one burden after another, to what was measured.

* Perfect knowledge, parts of nodes: demand times the lowest price of a unit in any pool; nothing could cost less.
* Whole nodes, lead, starts: what is needed until a node ordered now would serve is known, nodes are whole and paid for from their order.
* The forecast's margin: the quantile is held instead, at the level that was rehearsed.
* The largest pool to spare; the share on demand; then refusals, delays and losses.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from mixed_fleet import Decide, Mix, World, drive
from trials import SEEDS, Case, Trial, levelled, mean

from lepton_infra.sizing.arrays import held, leading_max


@dataclass(frozen=True, slots=True)
class Fall:
    """A step of the way down."""

    name: str
    usd: float
    """Of the test days up to and with this step."""
    violated: float
    """Share of the windows short."""


def falls(case: Case, trial: Trial) -> Iterator[Fall]:
    """Yield the steps of a mix, each with those before it."""
    demand = case.setting.values[case.test.first : case.test.end]
    least = min(one.usd_per_unit for one in trial.mix.offers)
    yield Fall("perfect knowledge, parts of nodes", float(np.nansum(demand)) * case.setting.hours_per_window * least, 0.0)
    bare = replace(trial.mix, survives=False, share=1.0, committed=0)
    quantile = partial(levelled, case, trial.rung, case.test.first, trial.surviving)
    yield _run(case, "whole nodes, lead, starts", bare, lambda: knowing(case), calm=True)
    yield _run(case, "the forecast's margin", bare, quantile, calm=True)
    yield _run(case, "the largest pool to spare", replace(bare, survives=True), quantile, calm=True)
    yield _run(case, "the share on demand", replace(trial.mix, committed=0), quantile, calm=True)
    yield _run(case, "refusals, delays, losses", trial.mix, quantile, calm=False)


def knowing(case: Case) -> Decide:
    """Return what orders for the most demand there will be until a node ordered now serves."""
    ahead = leading_max(case.setting.nodes(held(case.setting.values)), case.setting.lead + 1)

    def decide(place: int, _demand: float, _up: float, _held: float) -> tuple[float, float]:
        return int(ahead[min(place + 1, len(ahead) - 1)]) * case.grain, 0.0

    return decide


def _run(case: Case, name: str, mix: Mix, decide: Callable[[], Decide], *, calm: bool) -> Fall:
    done = mean([drive(case.setting, mix, decide(), case.test, World(seed, calm=calm)) for seed in (SEEDS[:1] if calm else SEEDS)])
    return Fall(name, done.usd, done.violated)
