"""How many servers keep waiting rare: the queue M/M/c in closed form, vectorised and stable for any number of servers.

A. K. Erlang's formulas (1917): with `c` servers and an offered load of `A` (arrivals times mean service time),
`1/B = sum over k of c!/((c-k)! A^k)`, every term positive, so nothing cancels; `P(wait) = B / (1 - A/c (1 - B))`, and who waits waits
longer than `t` mean service times with probability `exp(-(c - A) t)`.
The square-root rule of S. Halfin and W. Whitt, "Heavy-traffic limits for queues with many exponential servers", Operations Research
29(3), 1981, is the closed form for large loads: `c = A + beta sqrt(A)` with `P(wait) = 1 / (1 + beta Phi(beta) / phi(beta))`.
It is where the exact search starts and what brackets it.
"""

from dataclasses import dataclass
from math import ceil, floor, sqrt
from statistics import NormalDist
from typing import Final

import numpy as np

from lepton_infra.sizing.arrays import Floats, Ints

LARGEST_LOAD: Final = 1e8
"""Offered load beyond which nothing is staffed: no fleet has a hundred million slots."""
_NEGLIGIBLE: Final = 1e-17
_NORMAL: Final = NormalDist()
_HALVINGS: Final = 60
_FIRST_HALVINGS: Final = 8
_CLOSINGS: Final = 24
_CLOSE: Final = 1e-10


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised about waiting."""

    share: float
    """Most of the requests that may wait longer than that, above 0 and below 1."""
    wait: float = 0.0
    """How long, in mean service times; 0 promises a free server itself."""


def erlang_b(servers: Floats, load: Floats) -> Floats:
    """Return the share of arrivals that find all servers busy and are turned away.

    Args:
        servers: number of servers, whole and 0 or more, shape `(n,)`.
        load: offered load, above 0, shape `(n,)`.
    """
    total, term = np.ones_like(load), np.ones_like(load)
    left = servers.copy()
    with np.errstate(over="ignore", invalid="ignore"):
        while True:
            term = np.where(left > 0, term * left / load, 0.0)
            total += term
            if not np.any((term > total * _NEGLIGIBLE) & np.isfinite(total)):
                return 1.0 / total
            left -= 1


def waiting(servers: Floats, load: Floats, wait: float = 0.0) -> Floats:
    """Return the share of requests that wait longer than `wait` mean service times; 1 where the load is more than the servers.

    Args:
        servers: number of servers, whole and 0 or more, shape `(n,)`.
        load: offered load, 0 or more, shape `(n,)`.
        wait: in mean service times.
    """
    busy = np.maximum(load, np.finfo(float).tiny)
    lost = erlang_b(servers, busy)
    stable = load < servers
    idle = np.where(stable, servers - load, 1.0)
    held = servers * lost / (idle + load * lost)
    return np.where(stable, held * np.exp(-idle * wait), 1.0)


def square_root(load: float, share: float) -> float:
    """Return the servers that the square-root rule asks for, not rounded, to keep `P(wait) <= share`."""
    low, high = 0.0, 40.0
    for _ in range(_HALVINGS):
        beta = (low + high) / 2
        density = _NORMAL.pdf(beta)
        wait = 1 / (1 + beta * _NORMAL.cdf(beta) / density) if density else 0.0
        low, high = (beta, high) if wait > share else (low, beta)
    return load + high * sqrt(load)


def servers_for(load: float, promise: Promise) -> int:
    """Return the fewest servers that keep the promise, 0 for no load.

    The search begins at the square-root rule: up or down from it in doubling steps until the answer is between two, then by halves.

    Raises:
        ValueError: the load is beyond `LARGEST_LOAD`.
    """
    if load > LARGEST_LOAD:
        message = f"is a load of {load:g}; {LARGEST_LOAD:g} at most"
        raise ValueError(message)
    if load <= 0:
        return 0
    least = floor(load)
    high = max(ceil(square_root(load, promise.share)), least + 1)
    step = 1
    while not _kept(high, load, promise):
        high, step = high + step, step * 2
    low, step = high, 1
    while low > least and _kept(low, load, promise):
        low, step = max(low - step, least), step * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _kept(middle, load, promise) else (middle, high)
    return high


def largest_loads(servers: Ints, promise: Promise) -> Floats:
    """Return the largest offered load at which each number of servers keeps the promise, shape as given."""
    many = servers.astype(np.float64)
    low, high = np.zeros_like(many), many.copy()
    for _ in range(_FIRST_HALVINGS):
        middle = (low + high) / 2
        kept = _excess(many, middle, promise) <= 0
        low, high = np.where(kept, middle, low), np.where(kept, high, middle)
    return _illinois(many, low, high, promise)


def _illinois(many: Floats, low: Floats, high: Floats, promise: Promise) -> Floats:
    """Close the bracket by the Illinois rule: the logarithm of waiting is nearly straight in the load."""
    below, above = _excess(many, low, promise), _excess(many, high, promise)
    for _ in range(_CLOSINGS):
        middle = np.clip(high - above * (high - low) / (above - below), low, high)
        found = _excess(many, middle, promise)
        if np.all(high - low <= _CLOSE * high):
            break
        kept = found <= 0
        low, high = np.where(kept, middle, low), np.where(kept, high, middle)
        below, above = np.where(kept, found, below / 2), np.where(kept, above / 2, found)
    return low


def _excess(servers: Floats, load: Floats, promise: Promise) -> Floats:
    """Return by how much more waiting there is than promised, as the difference of logarithms."""
    share = waiting(servers, load, promise.wait)
    return np.log(np.maximum(share, np.finfo(float).tiny)) - np.log(promise.share)


def _kept(servers: int, load: float, promise: Promise) -> bool:
    return bool(waiting(np.asarray([float(servers)]), np.asarray([load]), promise.wait)[0] <= promise.share)
