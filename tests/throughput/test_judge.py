"""Fitting replicas, holding sources against each other, and the tables themselves."""

import csv
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_infra.config import KnownThroughput, TokenSlo
from lepton_infra.throughput import Believed, Point, Refused, Shape, Source, canonical, family, fit, judge, operating
from lepton_infra.throughput.listing import listing
from lepton_infra.throughput.roofline import tokens_per_gpu
from lepton_infra.throughput.tables import DATA, audited, gpu_specs, model_specs, shipped_points


def slo(**change: float) -> TokenSlo:
    return TokenSlo.model_validate({"ttft_seconds": 2, "tpot_ms": 50, "input_tokens": 2000, "output_tokens": 300} | change)


def point(batch: float, tpot: float, ttft: float = 200.0, source: Source = Source.BENCHMARK) -> Point:
    return Point("m", "H100", "", "vllm", 0, Shape(2000, 300), batch, ttft, tpot, source, "bench.json", None)


LLAMA = KnownThroughput(model="llama3.1-8b")


def best(judged: Believed | Refused) -> float:
    assert isinstance(judged, Believed), judged
    return max(way.per_second for way in judged.ways)


@given(st.floats(1, 50), st.floats(0.001, 2), st.lists(st.integers(1, 500), min_size=2, max_size=8, unique=True))
def test_a_line_is_found_again(a: float, b: float, batches: list[int]) -> None:
    line = fit([point(batch, a + b * batch) for batch in batches])
    assert (line.a_ms, line.b_ms) == (pytest.approx(a, rel=1e-6, abs=1e-6), pytest.approx(b, rel=1e-6))
    assert line.largest == max(batches)


def test_a_line_is_not_followed_beyond_what_was_measured() -> None:
    line = fit([point(1, 10), point(64, 20)])
    assert line.largest_within(1000) == 64
    assert line.largest_within(15) == 32
    assert line.largest_within(9) == 0


@pytest.mark.parametrize("points", [[point(8, 20)], [point(8, 20), point(8, 18)], [point(8, 20), point(16, 19)]])
def test_points_that_say_nothing_of_a_slope_are_taken_as_they_are(points: list[Point]) -> None:
    line = fit(points)
    assert (line.a_ms, line.b_ms) == (20, 0)


def test_a_negative_start_is_none() -> None:
    line = fit([point(10, 1), point(100, 100)])
    assert line.a_ms == 0
    assert line.at(100) == pytest.approx(100, rel=0.02)


@settings(max_examples=50)
@given(st.floats(5, 100), st.floats(0.3, 5), st.floats(1, 3), st.floats(1, 3))
def test_a_looser_promise_never_makes_a_replica_slower(tpot: float, ttft: float, more_tpot: float, more_ttft: float) -> None:
    points = [point(batch, 6 + 0.2 * batch, 100 + 8 * batch) for batch in (1, 8, 32, 128, 256)]
    tight = operating(points, slo(tpot_ms=tpot, ttft_seconds=ttft), 1)
    loose = operating(points, slo(tpot_ms=tpot * more_tpot, ttft_seconds=ttft * more_ttft), 1)
    assert max((way.per_second for way in loose), default=0) >= max((way.per_second for way in tight), default=0) * (1 - 1e-9)


def test_a_longer_prompt_takes_longer_to_its_first_token() -> None:
    assert operating([point(8, 20)], slo(input_tokens=4000), 1)[0].ttft_seconds == pytest.approx(0.4)
    assert operating([point(8, 20)], slo(input_tokens=1000), 1)[0].ttft_seconds == pytest.approx(0.2)


@pytest.mark.parametrize(("gpu", "rate"), [("H100", 12.6), ("H200", 14.4), ("B200", 27.5), ("A100-80GB", 4.4)])
def test_the_estimator_s_own_rates_come_out(gpu: str, rate: float) -> None:
    assert best(judge(LLAMA, slo(), gpu, 1, [])) == pytest.approx(rate, rel=0.01)


def test_figures_that_others_contradict_are_refused() -> None:
    against_audit = judge(LLAMA, slo(), "L40S", 1, [])
    assert isinstance(against_audit, Refused)
    assert "575 tokens/s per L40S but MLPerf Inference v5.1 1,207" in against_audit.given
    # The estimator has a hole here: eight times fewer tokens than on the weaker H100.
    hole = judge(KnownThroughput(model="Qwen/Qwen3-32B-FP8", engine="vllm"), slo(), "B200", 4, [])
    assert isinstance(hole, Refused)
    assert "the weaker H100" in hole.given


def test_a_benchmark_far_above_the_others_is_planned_with_only_as_far_as_they_bear_it_out() -> None:
    fast = judge(LLAMA, slo(), "H100", 1, [point(400, 8.0)])
    assert isinstance(fast, Believed)
    figure = max(way.tokens_per_gpu for way in fast.ways)
    # The shipped estimate is the lowest of the three: 3,785 tokens/s; the measured point 3,022.
    assert fast.share * figure == pytest.approx(2 * 3022, rel=0.01)
    assert any("more than 2x apart" in reason for reason in fast.reasons)
    assert any("is planned with at" in reason for reason in fast.reasons)


def test_a_benchmark_far_below_the_others_is_careful_enough() -> None:
    slow = judge(LLAMA, slo(), "H100", 1, [point(16, 45.0)])
    assert isinstance(slow, Believed)
    assert slow.share == 1
    assert any("more than 2x apart" in reason for reason in slow.reasons)


def test_nothing_exceeds_memory_and_arithmetic() -> None:
    impossible = judge(LLAMA, slo(), "H100", 1, [point(4, 0.5)])
    assert isinstance(impossible, Refused)
    assert "memory and arithmetic allow" in impossible.given
    for each in shipped_points():
        bound = tokens_per_gpu(model_specs()[family(each.model)], gpu_specs()[each.gpu], each.precision, each.batch, each.gpus)
        assert each.tokens_per_gpu < bound, each


@pytest.mark.parametrize(
    ("wanted", "promise", "gpu", "gpus", "sentence"),
    [
        ({"model": "nobody/knows"}, {}, "H100", 1, "of which nothing is known on H100"),
        ({"model": "llama3.1-8b"}, {"input_tokens": 100_000}, "H100", 1, "has nothing near 100000/300 tokens on H100"),
        ({"model": "llama3.1-8b"}, {}, "H100", 3, "has nothing near 2000/300 tokens on H100"),
        ({"model": "llama3.1-8b"}, {"tpot_ms": 1}, "H100", 1, "ms between tokens at least, where tpot_ms is 1"),
        ({"model": "llama3.1-8b"}, {"ttft_seconds": 0.01}, "H100", 1, "s to the first token, where ttft_seconds is 0.01"),
        ({"model": "Llama-3.1-70B"}, {"input_tokens": 1024, "output_tokens": 1024}, "H200", 4, "with trtllm and vllm"),
    ],
)
def test_what_cannot_be_answered_says_why(wanted: dict[str, str], promise: dict[str, float], gpu: str, gpus: int, sentence: str) -> None:
    judged = judge(KnownThroughput.model_validate(wanted), slo(**promise), gpu, gpus, [])
    assert isinstance(judged, Refused)
    assert sentence in judged.given
    assert judged.remedy


def test_the_tables_are_whole() -> None:
    points = shipped_points()
    assert sum(one.source is Source.SILICON for one in points) == 3229
    assert all(one.batch >= 1 and one.ttft_ms > 0 and one.tpot_ms > 0 and one.gpus >= 1 for one in points)
    assert {one.precision for one in points} == {"", "bf16", "fp8", "fp4", "int4"}
    figures = {(row.model, row.scenario, row.gpu): row.tokens_per_gpu for row in audited()}
    assert figures["llama2-70b-99", "Server", "H100"] == 3820
    assert figures["llama3.1-8b", "Server", "L40S"] == 1207
    assert all(family(row.model) in model_specs() for row in audited())


@pytest.mark.parametrize(
    "name", ["meta-llama/Meta-Llama-3.1-8B", "llama3.1-8b", "LLAMA_3.1_8B_instruct", "nvidia/Llama-3.1-8B-Instruct-FP8"]
)
def test_one_model_by_any_of_its_names(name: str) -> None:
    assert family(name) == "llama318b"


def test_a_kind_of_gpu_however_it_is_written() -> None:
    assert [canonical(name) for name in ("h100", "rtx pro 6000", "h100_sxm", "T4")] == ["H100", "RTXPRO6000", "H100", "T4"]


def test_a_listing_names_what_disagrees() -> None:
    found = listing("qwen3-32b", "h100")
    assert found.known
    assert {one.about.gpu for one in found.known} == {"H100"}
    assert any("679 tokens/s per GPU" in sentence for sentence in found.disagreements)


def test_points_that_say_their_gpus_are_not_taken_for_others() -> None:
    two = replace(point(64, 20), gpus=2)
    judged = judge(LLAMA, slo(), "H100", 1, [two])
    assert isinstance(judged, Believed)
    assert all(one.source is not Source.BENCHMARK for way in judged.ways for one in way.points)


@pytest.mark.parametrize("name", ["gpus", "models"])
def test_each_shipped_fact_says_what_it_was_compared_with(name: str) -> None:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["source"] and row["checked"] for row in rows)
    remembered = {row[name.removesuffix("s")] for row in rows if row["checked"] == "remembered"}
    assert (
        remembered
        == {
            "gpus": {"A10G", "H100-NVL", "MI300X", "MI325X", "V100-32GB"},
            "models": {"meta-llama/Llama-2-70B", "Qwen/Qwen3.5-397B-A17B"},
        }[name]
    )
