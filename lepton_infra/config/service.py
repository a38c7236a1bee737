"""What a pool's replicas serve, what was promised of them, and how long a new one takes.

Each of the three can be said in two ways. A tag picks the way by the keys that are there, so that saying both, or half of each,
is one clear fault instead of a list of what each way would have wanted.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Final, Literal, TypeAlias, cast

from pydantic import BeforeValidator, Discriminator, Field, Tag, ValidationInfo, field_validator

from lepton_infra.config.base import Frozen, Names, beside

_Positive = Annotated[float, Field(gt=0, le=1e9)]
_Tokens = Annotated[int, Field(ge=1, le=10_000_000)]
_Peak = Annotated[float, Field(ge=1, le=100)]


class Throughput(Frozen):
    """What one GPU of a kind serves while the service keeps its promise."""

    per_gpu: Annotated[dict[str, Annotated[float, Field(gt=0)]], Field(min_length=1)]
    """Units of demand per GPU, by kind of GPU, for instance `{H100: 12.6}` in requests per second."""
    source: str
    """Where the figures come from: a benchmark, an estimator with its version, a vendor's table."""


class KnownThroughput(Frozen):
    """A model whose throughput is looked up: in the user's own benchmarks first, then in the tables that come with lepton-infra."""

    model: Annotated[str, Field(min_length=1, max_length=200)]
    """Name of the model, for instance `meta-llama/Llama-3.1-8B-Instruct`; `lepton throughput` lists what is known of it."""
    benchmark: Names = ()
    """Results beside the stack file: JSON of `vllm bench serve --save-result` or GuideLLM, or what aiconfigurator printed."""
    benchmark_gpu: str | None = None
    """Kind of GPU that the benchmarks ran on; needed where `gpu` names several, because their files do not say it."""
    precision: Literal["bf16", "fp8", "fp4", "int4"] | None = None
    """Precision of the weights; needed where the tables know several."""
    engine: Literal["vllm", "sglang", "trtllm"] | None = None
    """Engine that serves; needed where the tables know several."""

    @field_validator("benchmark")
    @classmethod
    def _beside(cls, files: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(beside(file) for file in files)


class TokenSlo(Frozen):
    """Latencies that were promised for requests of a size."""

    ttft_seconds: _Positive
    """Seconds to the first token, waiting included."""
    tpot_ms: _Positive
    """Milliseconds between tokens."""
    input_tokens: _Tokens
    """Tokens of a request's prompt."""
    output_tokens: _Tokens
    """Tokens of its answer."""
    within: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    """Share of requests that get their first token in time."""
    peak_to_mean: _Peak | None = None
    """Busiest moment over the mean inside a window, beyond chance; where not said, a request trace shows it, and else it is 1."""


class WaitSlo(Frozen):
    """The probability that a request has to wait for a free slot."""

    wait_probability: Annotated[float, Field(gt=0, le=0.5)]
    """Most of the requests that may wait, as a share."""
    slots_per_replica: Annotated[int, Field(ge=1, le=4096)] = 1
    """Requests that a replica serves side by side at the throughput stated."""
    peak_to_mean: _Peak | None = None
    """Busiest moment over the mean inside a window, beyond chance; where not said, a request trace shows it, and else it is 1."""


class Span(Frozen):
    """A duration that varies."""

    median: Annotated[float, Field(gt=0, le=24 * 60)]
    """Minutes that half of the cases stay within."""
    p95: Annotated[float, Field(gt=0, le=24 * 60)]
    """Minutes that 95 % of the cases stay within."""

    @field_validator("p95")
    @classmethod
    def _ordered(cls, p95: float, info: ValidationInfo) -> float:
        median: float | None = info.data.get("median")
        if median is not None and p95 < median:
            message = f"is {p95:g}; median, which is {median:g}, or more"
            raise ValueError(message)
        return p95


class LeadTime(Frozen):
    """How long a node takes until it serves, step by step."""

    node: Span
    """From the order until the node is ready."""
    image: Span | None = None
    """Pulling the container image."""
    weights: Span | None = None
    """Loading the model's weights."""
    quantile: Annotated[float, Field(ge=0.5, le=0.999)] = 0.95
    """Quantile of the whole lead time that the plan orders ahead by."""


STATED: Final = "(stated)"
"""Tag of the way that was always there; tags are parts of pydantic's path and never shown."""
LOOKED_UP: Final = "(looked up)"
"""Tag of the other way."""
TAGS: Final[Mapping[str, tuple[type[Frozen], type[Frozen]]]] = {
    "throughput": (Throughput, KnownThroughput),
    "slo": (WaitSlo, TokenSlo),
    "lead_minutes": (LeadTime, LeadTime),
}
"""The two ways of each field, `STATED` first, for messages about their keys."""


def _one_of(first: str, *second: str) -> Callable[[object], object]:
    """Return a check that a mapping holds keys of one way alone."""

    def check(value: object) -> object:
        if not isinstance(value, dict):
            return value
        said = cast("dict[str, object]", value)
        keys = said.keys()
        others = [key for key in second if key in keys]
        if first in keys and others:
            message = f"has both {first} and {others[0]}; one of the two. Remove one"
            raise ValueError(message)
        if first not in keys and not others:
            message = f"has neither {first} nor {second[0]}; one of the two"
            raise ValueError(message)
        return said

    return check


def _tag(first: str, kind: type[Frozen]) -> Callable[[object], str]:
    def pick(value: object) -> str:
        stated = first in value if isinstance(value, dict) else not isinstance(value, kind)
        return STATED if stated else LOOKED_UP

    return pick


def _lead_tag(value: object) -> str:
    return LOOKED_UP if isinstance(value, dict | LeadTime) else STATED


WayOfThroughput: TypeAlias = Annotated[
    Annotated[Throughput, Tag(STATED)] | Annotated[KnownThroughput, Tag(LOOKED_UP)],
    Discriminator(_tag("per_gpu", KnownThroughput)),
    BeforeValidator(_one_of("per_gpu", "model")),
]
"""How the throughput of a GPU is said."""
Slo: TypeAlias = Annotated[
    Annotated[WaitSlo, Tag(STATED)] | Annotated[TokenSlo, Tag(LOOKED_UP)],
    Discriminator(_tag("wait_probability", TokenSlo)),
    BeforeValidator(_one_of("wait_probability", "tpot_ms", "ttft_seconds", "input_tokens", "output_tokens")),
]
"""How a promise is said."""
LeadMinutes: TypeAlias = Annotated[
    Annotated[int, Field(ge=0, le=24 * 60), Tag(STATED)] | Annotated[LeadTime, Tag(LOOKED_UP)],
    Discriminator(_lead_tag),
]
"""How a lead time is said."""
