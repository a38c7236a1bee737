"""How close the rule for mixed kinds is: a mix that covers the need, as an exact queue of two kinds of server."""

from itertools import pairwise

import numpy as np
import pytest

from lepton_infra.sizing.erlang import Promise
from lepton_infra.sizing.queue import Queue

_QUEUED = 400


def waiting(load: float, fast: tuple[int, float], slow: tuple[int, float]) -> float:
    """Return the share of requests that wait: Poisson arrivals, exponential service, one queue, the fastest free server first."""
    (many, quick), (few, lame) = fast, slow
    states = [(i, j) for i in range(many + 1) for j in range(few + 1)]
    place = {state: at for at, state in enumerate(states)}
    size = len(states) + _QUEUED
    rates = np.zeros((size, size))
    for (i, j), at in place.items():
        if i < many or j < few:
            rates[at, place[(i + 1, j) if i < many else (i, j + 1)]] += load
        if i:
            rates[at, place[i - 1, j]] += i * quick
        if j:
            rates[at, place[i, j - 1]] += j * lame
    full, chain = many * quick + few * lame, [place[many, few], *range(len(states), size)]
    for before, after in pairwise(chain):
        rates[before, after], rates[after, before] = load, full
    np.fill_diagonal(rates, -rates.sum(axis=1))
    balance = np.vstack([rates.T[:-1], np.ones(size)])
    chances = np.linalg.solve(balance, np.r_[np.zeros(size - 1), 1.0])
    return float(chances[chain].sum())


@pytest.mark.parametrize("demand", [3.0, 8.0, 20.0])
@pytest.mark.parametrize("slower", [1.5, 3.0])
@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_a_mix_that_covers_the_need_waits_as_little_as_promised(demand: float, slower: float, share: float) -> None:
    promised = 0.05
    alone = [Queue(1, seconds, Promise(promised)).one(demand) for seconds in (1.0, slower)]
    fast = round(share * alone[0])
    slow = int(np.ceil((1 - fast / alone[0]) * alone[1] - 1e-9))

    assert fast / alone[0] + slow / alone[1] >= 1 - 1e-9
    assert waiting(demand, (fast, 1.0), (slow, 1 / slower)) <= promised
    # Without the slow ones it breaks: the mix is needed.
    assert waiting(demand, (fast, 1.0), (0, 1 / slower)) > promised
