"""A continuous-batching replica: so many slots, each token of all of them in one step.

The time between tokens grows with the batch, `ITL = a + b * batch` (the linear model of llm-d's workload-variant autoscaler and of
A. Agrawal et al., "Taming Throughput-Latency Tradeoff in LLM Inference with Sarathi-Serve", OSDI 2024, section 3). So a promise on the
time between tokens is a largest batch, and the rest of the promise on the first token, after its prefill, is what a request may wait.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import floor, inf, log

import numpy as np

from lepton_infra.config import TokenSlo
from lepton_infra.throughput.model import Point, Shape, Source

NEAR: float = 2.0
"""Factor within which tokens in and tokens out of a measurement must lie of those asked for."""
PER_OCTAVE = 8
"""Batches that are tried between one and its double, beside those measured. They are the same for every promise, so that a looser one only
adds to them and can never make a replica slower."""
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Line:
    """Time between tokens by batch."""

    a_ms: float
    """Of a step without requests."""
    b_ms: float
    """More for each request."""
    largest: float
    """Largest batch that was measured: the line is not followed beyond it."""

    def at(self, batch: float) -> float:
        """Return the milliseconds between tokens at a batch."""
        return self.a_ms + self.b_ms * batch

    def largest_within(self, tpot_ms: float) -> int:
        """Return the largest whole batch whose tokens come in time; 0 where not even one request's do."""
        if self.at(1) > tpot_ms * (1 + _ROUNDING):
            return 0
        bound = (tpot_ms - self.a_ms) / self.b_ms if self.b_ms else inf
        return max(floor(min(bound, self.largest) * (1 + _ROUNDING)), 1)


@dataclass(frozen=True, slots=True)
class Operating:
    """One way to run a replica that keeps the promise."""

    slots: int
    """Requests served side by side."""
    ttft_seconds: float
    """Time to the first token without waiting."""
    tpot_ms: float
    """Time between tokens with all slots busy."""
    seconds: float
    """How long a request of the size asked for holds its slot."""
    gpus: int
    """GPUs of the replica."""
    tokens_per_gpu: float
    """Output tokens per second and GPU with all slots busy."""
    line: Line
    """What it follows from."""
    points: tuple[Point, ...]
    """The measurements of the configuration."""

    @property
    def per_second(self) -> float:
        """Return the requests per second of a replica with all slots busy."""
        return self.slots / self.seconds


def fit(points: Sequence[Point]) -> Line:
    """Fit `a` and `b` of `ITL = a + b * batch` by least squares, neither below zero, shape of input `(n,)` points with n >= 1.

    A single batch says nothing about `b`: its own time is taken for every smaller batch too, which is never too fast.
    """
    batch = np.asarray([point.batch for point in points])
    tpot = np.asarray([point.tpot_ms for point in points])
    largest = float(batch.max())
    if np.ptp(batch) <= _ROUNDING * largest:
        return Line(float(tpot.max()), 0.0, largest)
    off = batch - batch.mean()
    b = float(off @ (tpot - tpot.mean()) / (off @ off))
    if b <= 0:
        return Line(float(tpot.max()), 0.0, largest)
    a = float(tpot.mean() - b * batch.mean())
    if a < 0:
        return Line(0.0, float(batch @ tpot / (batch @ batch)), largest)
    return Line(a, b, largest)


def configurations(points: Iterable[Point]) -> list[tuple[Point, ...]]:
    """Return the points by configuration: all that is the same but for the batch; in a fixed order."""

    def key(point: Point) -> tuple[str, str, str, str, str, int, int, int]:
        shape = point.shape
        return point.source, point.gpu, point.precision, point.engine, point.origin, point.gpus, shape.isl, shape.osl

    ordered = sorted(points, key=lambda point: (*key(point), point.batch, point.tpot_ms, point.ttft_ms))
    grouped = [tuple(group) for _, group in groupby(ordered, key)]
    return _joined(grouped)


def _joined(grouped: list[tuple[Point, ...]]) -> list[tuple[Point, ...]]:
    """Join the user's measurements whose sizes differ by chance: a benchmark draws its requests anew for every run."""
    own = [point for group in grouped for point in group if point.source is Source.BENCHMARK]
    rest = [group for group in grouped if group[0].source is not Source.BENCHMARK]
    return [tuple(own), *rest] if own else rest


def near(shape: Shape, slo: TokenSlo) -> bool:
    """Say whether a measurement tells of requests of the size promised; a source that does not say the prompt's length is believed."""
    return _apart(shape, slo) <= log(NEAR) * (1 + _ROUNDING)


def nearest(groups: Sequence[tuple[Point, ...]], slo: TokenSlo) -> list[tuple[Point, ...]]:
    """Return those of the configurations whose requests are near the size promised, and of these the nearest alone."""
    fitting = [group for group in groups if all(near(point.shape, slo) for point in group)]
    closest = min((_apart(group[0].shape, slo) for group in fitting), default=0.0)
    return [group for group in fitting if _apart(group[0].shape, slo) <= closest + _ROUNDING]


def operating(points: Sequence[Point], slo: TokenSlo, gpus: int) -> list[Operating]:
    """Return the ways to run one configuration that keep the promise, by number of slots; none where it cannot be kept.

    Args:
        points: measurements of one configuration.
        slo: what was promised.
        gpus: GPUs of a replica where the points do not say.
    """
    line = fit(points)
    most = line.largest_within(slo.tpot_ms)
    batches = sorted({floor(point.batch) for point in points} | {floor(2 ** (step / PER_OCTAVE)) for step in range(PER_OCTAVE * 13)})
    found = (_at(batch, points, line, slo, gpus) for batch in batches if 1 <= batch <= most)
    return [one for one in found if one.ttft_seconds < slo.ttft_seconds]


def _at(batch: int, points: Sequence[Point], line: Line, slo: TokenSlo, gpus: int) -> Operating:
    """Return the replica at a batch; a longer prompt than was measured is prefilled in proportion."""
    ordered = sorted(points, key=lambda point: point.batch)
    longer = [max(1.0, slo.input_tokens / point.shape.isl) if point.shape.isl else 1.0 for point in ordered]
    waits = np.maximum.accumulate([point.ttft_ms * factor / 1000 for point, factor in zip(ordered, longer, strict=True)])
    ttft = float(np.interp(batch, [point.batch for point in ordered], waits))
    tpot = line.at(batch)
    seconds = ttft + (slo.output_tokens - 1) * tpot / 1000
    wide = points[0].gpus or gpus
    return Operating(batch, ttft, tpot, seconds, wide, batch * slo.output_tokens / seconds / wide, line, tuple(points))


def _apart(shape: Shape, slo: TokenSlo) -> float:
    prompt = abs(log(shape.isl / slo.input_tokens)) if shape.isl else 0.0
    return max(prompt, abs(log(shape.osl / slo.output_tokens)))
