"""Throughput, promise and lead time: each said in one of two ways, never in both."""

from typing import Any

import pytest

from lepton_infra.config import KnownThroughput, LeadTime, Stack, Throughput, TokenSlo, WaitSlo
from lepton_infra.config.project import parse_stack
from lepton_infra.errors import BadInput

STATED = {"per_gpu": {"H100": 12.6}, "source": "a test"}
TOKENS = {"ttft_seconds": 2, "tpot_ms": 50, "input_tokens": 2000, "output_tokens": 300}


def stack(**pool: Any) -> Stack:
    base = {"name": "chat", "runs_on": "cluster", "gpu": "H100", "demand": {"file": "d.csv"}, "throughput": STATED}
    value = {"cloud": "aws", "region": "us-east-1", "owner": "a", "team": "b", "environment": "dev", "pools": [base | pool]}
    return parse_stack(value, "S")


@pytest.mark.parametrize(
    ("pool", "throughput", "slo"),
    [
        ({}, Throughput, type(None)),
        ({"slo": {"wait_probability": 0.05}}, Throughput, WaitSlo),
        ({"throughput": {"model": "m"}, "slo": TOKENS}, KnownThroughput, TokenSlo),
        ({"throughput": {"model": "m", "benchmark": "b.json"}, "slo": TOKENS}, KnownThroughput, TokenSlo),
    ],
)
def test_each_way_alone_is_good(pool: dict[str, Any], throughput: type, slo: type) -> None:
    read = stack(**pool).pools[0]
    assert (type(read.throughput), type(read.slo)) == (throughput, slo)
    assert stack(**read.model_dump(mode="json")).pools[0] == read


def test_a_level_is_a_share_of_windows_or_a_quantile() -> None:
    assert stack().pools[0].allowed == 0.01
    assert stack(violations=0.02).pools[0].allowed == 0.02
    assert stack(quantile=0.97).pools[0].allowed is None


def test_a_lead_time_is_a_number_or_steps() -> None:
    assert stack(lead_minutes=7).pools[0].lead_minutes == 7
    assert isinstance(stack(lead_minutes={"node": {"median": 3, "p95": 6}}).pools[0].lead_minutes, LeadTime)


@pytest.mark.parametrize(
    ("pool", "sentence"),
    [
        ({"throughput": STATED | {"model": "m"}}, "throughput: has both per_gpu and model; one of the two. Remove one."),
        ({"violations": 0.02, "quantile": 0.97}, "quantile: is 0.97 beside violations, which is 0.02; one of the two. Remove one."),
        ({"violations": 0}, "violations: is 0; greater than 0"),
        ({"throughput": {"source": "x"}}, "throughput: has neither per_gpu nor model; one of the two."),
        ({"throughput": 7}, "throughput: is 7; a valid dictionary"),
        ({"throughput": {"model": "m", "bench": 1}, "slo": TOKENS}, "throughput.bench: is unknown; one of benchmark, benchmark_gpu"),
        ({"throughput": {"model": "m", "benchmark": "../b"}, "slo": TOKENS}, "throughput.benchmark: is '../b'; a path below"),
        ({"throughput": {"model": "m"}}, "slo: does not say how fast tokens must come"),
        ({"throughput": {"model": "m"}, "slo": {"wait_probability": 0.1}}, "slo: does not say how fast tokens must come"),
        ({"slo": TOKENS}, "slo: speaks of tokens, which throughput.per_gpu does not; wait_probability"),
        ({"slo": TOKENS | {"wait_probability": 0.1}}, "slo: has both wait_probability and tpot_ms"),
        ({"slo": {}}, "slo: has neither wait_probability nor tpot_ms"),
        ({"slo": {"wait_probability": 0}}, "slo.wait_probability: is 0; greater than 0."),
        ({"slo": {"wait_probability": 0.1, "slots": 2}}, "slo.slots: is unknown; one of peak_to_mean, slots_per_replica, wait_probability"),
        ({"lead_minutes": "15m"}, "lead_minutes: is '15m'; a valid integer"),
        ({"lead_minutes": {}}, "lead_minutes.node: is missing"),
        ({"lead_minutes": {"node": {"median": 3, "p95": 2}}}, "lead_minutes.node.p95: is 2; median, which is 3, or more."),
        ({"lead_minutes": {"node": 3}}, "lead_minutes.node: is 3; "),
    ],
)
def test_a_wrong_way_is_one_clear_fault(pool: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInput) as caught:
        stack(**pool)
    assert f"S.pools[0].{sentence}" in str(caught.value)
    assert len(caught.value.faults) == 1
