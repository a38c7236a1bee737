"""Single requests, event by event: by hand, against Erlang's formula where that is exact, and where lengths are real."""

import csv
import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from lepton_infra.sizing.erlang import Promise, waiting
from lepton_infra.sizing.eventsim import MOST_REQUESTS, Engine, Requests, poisson, serve
from lepton_infra.sizing.queue import Queue

AZURE = Path(__file__).parent / "traces" / "azure_conv_2023.csv"


def test_two_requests_on_one_slot_by_hand() -> None:
    done = serve(Requests(np.array([0.0, 1.0]), np.array([10.0, 10.0])), Engine(1, 0.5, 0.1), 1)
    assert done.waited.tolist() == pytest.approx([0.0, 0.5])
    assert done.ttft.tolist() == pytest.approx([0.5, 1.0])
    assert done.tpot.tolist() == pytest.approx([0.1, 0.1])


def test_a_batch_slows_those_in_it_down_by_hand() -> None:
    # Alone a token takes 0.2 s, together 0.3 s. The second joins after 5 tokens of the first; 5 more come together, and it has 5 left.
    done = serve(Requests(np.array([0.0, 1.0]), np.array([10.0, 10.0])), Engine(2, 0.0, 0.1, 0.1), 1)
    assert done.waited.tolist() == pytest.approx([0.0, 0.0])
    assert (done.tpot * 10).tolist() == pytest.approx([1.0 + 1.5, 1.5 + 1.0])


def test_requests_go_to_the_replica_with_the_most_free_slots() -> None:
    done = serve(Requests(np.zeros(4), np.full(4, 10.0)), Engine(2, 0.0, 0.0, 0.1), 2)
    assert done.tpot.tolist() == pytest.approx([0.2] * 4)


def exponential(rate: float, count: int, mean: float, seed: int) -> Requests:
    rng = np.random.default_rng(seed)
    return Requests(np.cumsum(rng.exponential(1 / rate, count)), rng.exponential(mean, count))


@pytest.mark.parametrize(("slots", "replicas", "load"), [(1, 1, 0.7), (1, 8, 5.6), (4, 5, 17.0), (32, 2, 55.0)])
def test_with_exponential_lengths_it_is_erlang_s_queue(slots: int, replicas: int, load: float) -> None:
    done = serve(exponential(load, 120_000, 100, 50), Engine(slots, 0.0, 0.01), replicas)
    late = 10_000
    for wait in (0.0, 0.3, 1.0):
        exact = float(waiting(np.array([float(slots * replicas)]), np.array([load]), wait)[0])
        share = float(np.mean(done.waited[late:] > wait + 1e-9))
        assert share == pytest.approx(exact, rel=0.15, abs=0.004)


def test_longer_tails_wait_longer_and_even_lengths_less() -> None:
    def late(spread: float) -> float:
        return serve(poisson(8.5, 60_000, 100, spread, 51), Engine(10, 0.0, 0.01), 1).late(0.5)

    shares = [late(spread) for spread in (0.0, 0.7, 3.0)]
    assert shares == sorted(shares)
    assert shares[0] < 0.6 * shares[2]


def azure() -> Requests:
    with AZURE.open() as file:
        rows = list(csv.reader(file))[1:]
    times = np.array([dt.datetime.fromisoformat(time[:26]).timestamp() for time, *_ in rows])
    return Requests(times - times[0], np.array([float(after) for *_, after in rows]))


def test_replicas_staffed_by_queueing_keep_their_promise_on_a_real_trace() -> None:
    requests = azure()
    rate = len(requests.arrivals) / float(requests.arrivals[-1])
    seconds = 0.03 * float(requests.tokens.mean())
    queue = Queue(8, seconds, Promise(0.05, 0.2), 1.2)
    replicas = queue.one(rate)
    done = serve(requests, Engine(8, 0.0, 0.03), replicas)
    assert done.late(0.2 * seconds) <= 0.05
    fewer = serve(requests, Engine(8, 0.0, 0.03), int(rate * seconds / 8))
    assert fewer.late(0.2 * seconds) > 0.3


def test_the_same_seed_the_same_requests_and_their_moments() -> None:
    one, again = (poisson(5.0, 50_000, 200, 1.5, 7) for _ in range(2))
    assert np.array_equal(one.arrivals, again.arrivals)
    assert one.tokens.mean() == pytest.approx(200, rel=0.05)
    assert one.tokens.std() / one.tokens.mean() == pytest.approx(1.5, rel=0.2)
    assert 50_000 / one.arrivals[-1] == pytest.approx(5, rel=0.02)


def test_what_is_no_run_is_refused() -> None:
    with pytest.raises(ValueError, match="on 0 replicas"):
        serve(Requests(np.zeros(1), np.ones(1)), Engine(1, 0, 1), 0)
    with pytest.raises(ValueError, match="at most"):
        serve(Requests(np.zeros(MOST_REQUESTS + 1), np.ones(1)), Engine(1, 0, 1), 1)
