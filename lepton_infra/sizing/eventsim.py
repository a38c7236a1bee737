"""Single requests on replicas, event by event: a check of what queueing says where lengths are not exponential.

A replica holds `slots` requests. A request first holds its slot for the time to its first token, then gets a token every
`a + b * batch` seconds, where the batch is the requests of its replica that are past their first token (the linear model of iteration time
under continuous batching). All of a batch advance together, so each replica has a clock that counts tokens: a request is done when the
clock has gone on by its length. Requests go to the replica with the most free slots; where none is free they wait in one queue, first come,
first served.
"""

import heapq
from collections import deque
from dataclasses import dataclass, field
from math import inf, log, sqrt
from typing import Final

import numpy as np

from lepton_infra.sizing.arrays import Floats

MOST_REQUESTS: Final = 1_000_000
"""Requests that one run is for."""
_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Engine:
    """A replica."""

    slots: int
    """Requests that it serves side by side, 1 or more."""
    first_seconds: float
    """From a slot to the first token."""
    token_seconds: float
    """Between tokens of a batch of none: `a`."""
    token_seconds_per_request: float = 0.0
    """What each request of the batch adds to that: `b`."""


@dataclass(frozen=True, slots=True)
class Requests:
    """What arrives."""

    arrivals: Floats
    """Seconds, rising, shape `(n,)`."""
    tokens: Floats
    """Tokens after the first that each is answered with, above 0, shape `(n,)`."""


@dataclass(frozen=True, slots=True)
class Served:
    """What became of each request, shape `(n,)`."""

    waited: Floats
    """Seconds from its arrival to its slot."""
    ttft: Floats
    """Seconds from its arrival to its first token."""
    tpot: Floats
    """Mean seconds between its tokens."""

    def late(self, seconds: float) -> float:
        """Return the share of requests that waited longer than so many seconds."""
        return float(np.mean(self.waited > seconds + _ROUNDING))


def poisson(rate: float, count: int, mean_tokens: float, spread: float, seed: int) -> Requests:
    """Return requests that come at random, with lognormal lengths.

    Args:
        rate: requests a second, above 0.
        count: how many, 1 or more.
        mean_tokens: mean of their lengths.
        spread: standard deviation of their lengths over the mean, 0 or more: 0.7 in Azure's trace of conversations of 2023.
        seed: of the random numbers.
    """
    random = np.random.default_rng(seed)
    shape = log(1 + spread**2)
    lengths = mean_tokens * np.exp(sqrt(shape) * random.standard_normal(count) - shape / 2)
    return Requests(np.cumsum(random.exponential(1 / rate, count)), lengths)


def serve(requests: Requests, engine: Engine, replicas: int) -> Served:
    """Run the requests through so many replicas, 1 or more, all idle at first.

    Raises:
        ValueError: there are more than `MOST_REQUESTS`, or no replica.
    """
    count = len(requests.arrivals)
    if count > MOST_REQUESTS or replicas < 1:
        message = f"is {count:,} requests on {replicas} replicas; {MOST_REQUESTS:,} at most, on one or more"
        raise ValueError(message)
    run = _Run(requests, engine, replicas)
    run.go()
    return Served(run.starts - requests.arrivals, run.firsts - requests.arrivals, (run.ends - run.firsts) / requests.tokens)


@dataclass(slots=True)
class _Replica:
    """One replica's slots and its clock of tokens."""

    free: int
    clock: float = 0.0
    """Tokens that each request of the batch has got since the beginning."""
    at: float = 0.0
    """When the clock stood there."""
    batch: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    """Where the clock has to be for each request to be done, the next one first."""


class _Run:
    """The events of one run, in order of time."""

    def __init__(self, requests: Requests, engine: Engine, replicas: int) -> None:
        self.starts, self.firsts, self.ends = (np.zeros(len(requests.arrivals)) for _ in range(3))
        self._arrivals, self._tokens = requests.arrivals.tolist(), requests.tokens.tolist()
        self._engine = engine
        self._replicas = [_Replica(engine.slots) for _ in range(replicas)]
        self._done = [inf] * replicas
        """When each replica's next request is done."""
        self._prefills: list[tuple[float, int, int]] = []
        """When a first token comes, of which request, on which replica."""
        self._queue: deque[int] = deque()

    def go(self) -> None:
        """Take each next event until every request is done."""
        arrived, left = 0, len(self._arrivals)
        while left:
            soonest = min(self._done)
            arrival = self._arrivals[arrived] if arrived < len(self._arrivals) else inf
            first = self._prefills[0][0] if self._prefills else inf
            if soonest <= arrival and soonest <= first:
                self._finish(self._done.index(soonest), soonest)
                left -= 1
            elif first <= arrival:
                _, request, replica = heapq.heappop(self._prefills)
                self._join(replica, request, first)
            else:
                self._queue.append(arrived)
                arrived += 1
                self._admit(arrival)

    def _admit(self, now: float) -> None:
        """Give slots that are free to those who wait."""
        while self._queue:
            replica = max(range(len(self._replicas)), key=lambda place: self._replicas[place].free)
            if not self._replicas[replica].free:
                return
            request = self._queue.popleft()
            self._replicas[replica].free -= 1
            self.starts[request] = now
            heapq.heappush(self._prefills, (now + self._engine.first_seconds, request, replica))

    def _join(self, place: int, request: int, now: float) -> None:
        """Let a request that has its first token into the batch."""
        replica = self._advanced(place, now)
        self.firsts[request] = now
        heapq.heappush(replica.batch, (replica.clock + self._tokens[request], request))
        self._plan(place)

    def _finish(self, place: int, now: float) -> None:
        """Take the next request out of the batch."""
        replica = self._advanced(place, now)
        replica.clock, request = heapq.heappop(replica.batch)
        self.ends[request] = now
        replica.free += 1
        self._plan(place)
        self._admit(now)

    def _advanced(self, place: int, now: float) -> _Replica:
        """Bring a replica's clock to now."""
        replica = self._replicas[place]
        if replica.batch:
            replica.clock += (now - replica.at) / self._pace(replica)
        replica.at = now
        return replica

    def _plan(self, place: int) -> None:
        replica = self._replicas[place]
        self._done[place] = replica.at + (replica.batch[0][0] - replica.clock) * self._pace(replica) if replica.batch else inf

    def _pace(self, replica: _Replica) -> float:
        """Return the seconds between tokens now."""
        return self._engine.token_seconds + self._engine.token_seconds_per_request * len(replica.batch)
