"""Jobs on the cores of this machine: as many processes as are wanted, answers in the order of the jobs, few of either in memory."""

import os
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Final

from lepton_infra.errors import WorkerError
from lepton_infra.sizing.many import Answer, Ask, Job, answer

AHEAD: Final = 4
"""Jobs handed out for each process, so that none waits and memory stays small."""
_THREADS: Final = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def cores() -> int:
    """Return how many processes can run here at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def on_cores(jobs: Iterable[Job | Answer], ask: Ask, workers: int) -> Iterator[Answer]:
    """Do the jobs and yield their answers, in the order of the jobs.

    Even a single worker is a process of its own: sums come out the same to the last bit only where each is made by one thread.

    Raises:
        WorkerError: a worker was ended from outside, for want of memory for instance.
    """
    waiting: deque[Answer | Future[Answer]] = deque()
    with _one_thread_each(), ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            for job in jobs:
                waiting.append(job if isinstance(job, Answer) else pool.submit(answer, job, ask))
                if len(waiting) > AHEAD * workers:
                    yield _got(waiting.popleft())
            while waiting:
                yield _got(waiting.popleft())
        except BrokenProcessPool:
            said = "a worker was ended from outside, perhaps for want of memory; run with fewer --workers, or with fewer series at a time"
            raise WorkerError(said) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _got(one: "Answer | Future[Answer]") -> Answer:
    return one if isinstance(one, Answer) else one.result()


@contextmanager
def _one_thread_each() -> Generator[None]:
    """Let the processes that are begun now calculate with one thread: as many processes as cores are enough."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
