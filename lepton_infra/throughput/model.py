"""Records of what a GPU has been seen, estimated or bound to serve, each with where it comes from."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """Kinds of source, the most trusted first."""

    BENCHMARK = "benchmark"
    """The user's own measurement."""
    PRINTED = "aiconfigurator output"
    """What the user's run of the estimator printed."""
    ESTIMATE = "aiconfigurator"
    """What the estimator says, as shipped."""
    SILICON = "silicon"
    """Measured points that the estimator is checked with, as shipped."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a request."""

    isl: int
    """Tokens in."""
    osl: int
    """Tokens out."""

    def __str__(self) -> str:
        """Return the shape as benchmarks name it."""
        return f"{self.isl}/{self.osl}"


@dataclass(frozen=True, slots=True)
class Point:
    """One measured or estimated state of a replica: so many requests side by side, at these latencies."""

    model: str
    """Name of the model as the source writes it."""
    gpu: str
    """Kind of GPU as the catalogue writes it; empty where the source does not say."""
    precision: str
    """`bf16`, `fp8`, `fp4` or `int4`; empty where the source does not say."""
    engine: str
    """`vllm`, `sglang` or `trtllm`; empty where the source does not say."""
    gpus: int
    """GPUs of the replica (tensor times pipeline times data parallel); 0 where the source does not say."""
    shape: Shape
    """Size of the requests."""
    batch: float
    """Requests that were served side by side."""
    ttft_ms: float
    """Time to the first token, mean."""
    tpot_ms: float
    """Time between tokens, mean."""
    source: Source
    """Kind of source."""
    origin: str
    """Which source exactly: a file, a release."""
    date: dt.date | None
    """When it was measured or made; None where the source does not say."""

    @property
    def seconds(self) -> float:
        """Return how long a request holds its slot: the first token, then one after another."""
        return (self.ttft_ms + (self.shape.osl - 1) * self.tpot_ms) / 1000

    @property
    def tokens_per_gpu(self) -> float:
        """Return output tokens per second and GPU while every slot is busy."""
        return self.batch * self.shape.osl / self.seconds / max(self.gpus, 1)


@dataclass(frozen=True, slots=True)
class Audited:
    """A throughput that was audited at a benchmark's own latencies, without a batch."""

    model: str
    """The benchmark's name of the model."""
    scenario: str
    """`Server` or `Interactive`, with the latencies of MLPerf Inference v5.1."""
    gpu: str
    """Kind of GPU as the catalogue writes it, or as MLPerf does where the catalogue has none."""
    entries: int
    """Submissions it is the median of."""
    tokens_per_gpu: float
    """Median of output tokens per second and GPU."""


@dataclass(frozen=True, slots=True)
class GpuSpec:
    """What a GPU can do at most, by its maker's data sheet."""

    gpu: str
    """Kind of GPU as the catalogue writes it."""
    memory_gb: float
    """Memory."""
    gb_per_second: float
    """Memory bandwidth."""
    tflops: dict[str, float]
    """Dense arithmetic by precision; a precision that the GPU lacks runs at that of bf16."""
    source: str
    """The data sheet."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """How large a model is."""

    name: str
    """Its name."""
    parameters_b: float
    """Billions of parameters."""
    active_b: float
    """Billions of parameters that one token passes through."""
    source: str
    """The model card."""
