"""Plans of pools with a promise, and of pools whose throughput is looked up."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from lepton_infra.catalog import load_catalog
from lepton_infra.config import StackFile, find_project, load_stack
from lepton_infra.errors import BadInput, StalePlan
from lepton_infra.sizing.lock import check_plan, plan_text
from lepton_infra.sizing.make import make_plan
from lepton_infra.sizing.plan import PoolPlan

ROOT = Path(__file__).parents[2]
TOKENS = {"ttft_seconds": 2, "tpot_ms": 50, "input_tokens": 2000, "output_tokens": 300}
STATED = {"per_gpu": {"H100": 12.6}, "source": "a test"}
MODEL = {"model": "meta-llama/Llama-3.1-8B-Instruct"}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A project with two days of demand around 100 requests a second."""
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    (tmp_path / "stacks").mkdir()
    rows = [f"{second},{100 + 50 * math.sin(second / 86400 * 2 * math.pi)}" for second in range(0, 4 * 86400, 1800)]
    (tmp_path / "stacks/d.csv").write_text("\n".join(["t_seconds,rate_rps", *rows]) + "\n")
    return tmp_path


def opened(directory: Path, **pool: Any) -> StackFile:
    demand = {"file": "d.csv", "start": "2026-01-05T00:00:00Z"}
    base: dict[str, Any] = {
        "name": "chat",
        "runs_on": "cluster",
        "gpu": "H100",
        "demand": demand,
        "throughput": STATED,
        "forecaster": "naive",
    }
    # Floors at one quantile whatever the promise, so that replicas can be held against each other.
    base |= {} if "violations" in pool else {"quantile": 0.95}
    stack = {"cloud": "aws", "region": "us-east-1", "owner": "a", "team": "b", "environment": "dev", "pools": [base | pool]}
    (directory / "stacks/Pulumi.x.yaml").write_text(yaml.safe_dump({"config": {"lepton:stack": stack}}))
    return load_stack(find_project(directory), "x")


def planned(directory: Path, **pool: Any) -> PoolPlan:
    return make_plan(opened(directory, **pool), load_catalog()).pools[0]


def total(plan: PoolPlan) -> int:
    return sum(hour.replicas for hour in plan.hours)


def test_without_a_promise_capacity_alone_counts(directory: Path) -> None:
    plan = planned(directory)
    assert [hour.replicas for hour in plan.hours] == [math.ceil(hour.demand / 12.6) for hour in plan.hours]


def test_a_promise_about_waiting_adds_replicas_and_sets_the_target(directory: Path) -> None:
    bare = planned(directory)
    kept = planned(directory, slo={"wait_probability": 0.05})
    slots = planned(directory, slo={"wait_probability": 0.05, "slots_per_replica": 64})
    assert total(bare) <= total(slots) < total(kept)
    targets = [
        planned(directory, violations=0.02, **({"slo": {"wait_probability": 0.05, "slots_per_replica": slots}} if slots else {}))
        for slots in (1, 64, 0)
    ]
    hot = [plan.target_utilisation or 0 for plan in targets]
    assert 0.3 <= hot[0] < hot[1] <= hot[2] < 1
    assert kept.compared is not None
    assert bare.compared is not None
    assert kept.compared.of("oracle").node_hours > bare.compared.of("oracle").node_hours
    assert any("wait" in sentence for sentence in kept.why)


def test_a_looser_promise_never_needs_more(directory: Path) -> None:
    shares = [total(planned(directory, slo={"wait_probability": share})) for share in (0.01, 0.05, 0.2)]
    assert shares == sorted(shares, reverse=True)
    waits = [total(planned(directory, throughput=MODEL, slo=TOKENS | {"ttft_seconds": seconds})) for seconds in (0.2, 0.5, 5)]
    assert waits == sorted(waits, reverse=True)
    peaks = [total(planned(directory, slo={"wait_probability": 0.05, "peak_to_mean": peak})) for peak in (1, 1.5, 2)]
    assert peaks == sorted(peaks)


def test_a_model_that_is_looked_up_is_planned_with_its_provenance(directory: Path) -> None:
    plan = planned(directory, gpu=["H100", "L40S"], throughput=MODEL, slo=TOKENS)
    assert plan.node_capacity == pytest.approx(12.6, rel=0.01)
    assert any("aiconfigurator 0.12.0" in sentence for sentence in plan.why)
    assert any(sentence.startswith("L40S is left out") and "MLPerf" in sentence for sentence in plan.warnings)


def bench(directory: Path, tpot: float = 25.0) -> None:
    rate = 128 / ((200 + 299 * tpot) / 1000)
    run = {"backend": "vllm", "date": "20260801-101530", "model_id": "mine", "completed": 10, "total_input_tokens": 20_000}
    run |= {"total_output_tokens": 3_000, "request_throughput": rate, "mean_ttft_ms": 200.0, "mean_tpot_ms": tpot}
    (directory / "stacks/bench.json").write_text(json.dumps(run))


def test_a_benchmark_of_one_s_own_comes_first_and_belongs_to_the_plan(directory: Path) -> None:
    bench(directory)
    stack_file = opened(directory, throughput=MODEL | {"benchmark": "bench.json"}, slo=TOKENS)
    plan = make_plan(stack_file, load_catalog())
    assert plan.pools[0].node_capacity == pytest.approx(128 / 7.675, rel=1e-3)
    assert set(plan.inputs.throughput) == {"bench.json", "the shipped tables"}
    assert plan_text(make_plan(stack_file, load_catalog())) == plan_text(plan)
    check_plan(plan, stack_file, load_catalog())
    bench(directory, 26.0)
    with pytest.raises(StalePlan, match=r"bench\.json, which throughput is looked up in"):
        check_plan(plan, stack_file, load_catalog())


def test_the_lead_time_of_steps_is_its_quantile(directory: Path) -> None:
    steps = {"node": {"median": 3, "p95": 6}, "weights": {"median": 4, "p95": 9}}
    plan = planned(directory, lead_minutes=steps)
    assert plan.lead_minutes == 13
    assert any(sentence.startswith("Lead time is the 95.0% quantile of node + weights: 13 minutes") for sentence in plan.why)
    assert planned(directory, lead_minutes=steps | {"quantile": 0.5}).lead_minutes < 13


@pytest.mark.parametrize(
    ("pool", "sentence"),
    [
        ({"throughput": {"model": "nobody/knows"}, "slo": TOKENS}, "throughput.model is 'nobody/knows', of which nothing is known on H100"),
        ({"throughput": MODEL | {"benchmark": "none.json"}, "slo": TOKENS}, "throughput.benchmark is 'none.json', which does not exist"),
        ({"gpu": ["H100", "H200"], "throughput": MODEL | {"benchmark": "bench.json"}, "slo": TOKENS}, "benchmark_gpu is missing"),
        ({"throughput": MODEL | {"benchmark": "bench.json", "benchmark_gpu": "L4"}, "slo": TOKENS}, "benchmark_gpu is 'L4'; choose H100"),
        (
            {"throughput": STATED | {"per_gpu": {"H100": 1e-9}}, "slo": {"wait_probability": 0.1}},
            "replicas at the peak of demand; 2,000 at most",
        ),
        ({"throughput": MODEL, "slo": TOKENS, "demand": {"file": "huge.csv"}}, "replicas at the peak of demand; 2,000 at most"),
        ({"slo": {"wait_probability": 0.1}, "demand": {"file": "gpus.csv"}}, "slo promises something to requests, but the demand is in"),
    ],
)
def test_what_cannot_be_planned_is_refused_in_a_sentence(directory: Path, pool: dict[str, Any], sentence: str) -> None:
    bench(directory)
    (directory / "stacks/gpus.csv").write_text(
        "time,gpus\n" + "".join(f"2026-01-0{1 + hour // 24}T{hour % 24:02}:00:00Z,5\n" for hour in range(72))
    )
    hours = "".join(f"2026-01-0{1 + hour // 24}T{hour % 24:02}:00:00Z,1e12\n" for hour in range(72))
    (directory / "stacks/huge.csv").write_text("time,rps\n" + hours)
    with pytest.raises(BadInput) as caught:
        planned(directory, **pool)
    assert sentence in str(caught.value).replace(": ", " ")
