"""Plans from every kind of demand file, with known events and tenants."""

import csv
import datetime as dt
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from lepton_infra.catalog import load_catalog
from lepton_infra.config import StackFile, find_project, load_stack
from lepton_infra.errors import BadInput, StalePlan
from lepton_infra.sizing.lock import fresh_plan, plan_text, write_plan
from lepton_infra.sizing.make import make_plan
from lepton_infra.sizing.plan import PoolPlan

AZURE = Path(__file__).parent / "traces" / "azure_conv_2023.csv"
THROUGHPUT = {"per_gpu": {"H100": 0.1, "H200": 0.1}, "source": "a test"}
MONDAY = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
DAYS = 4
LOAD = [200 + 100 * math.sin(place / 144 * 2 * math.pi) for place in range(DAYS * 144)]
TIMES = [int(MONDAY.timestamp()) + 600 * place for place in range(DAYS * 144)]


def opened(project: Path, **demand: Any) -> StackFile:
    path = project / "stacks/Pulumi.serve-aws.yaml"
    document = yaml.safe_load(path.read_text())
    stack = document["config"]["lepton:stack"]
    stack["pools"] = stack["pools"][:1]
    stack["pools"][0] |= {"demand": demand, "machines": ["p5.4xlarge"]}
    path.write_text(yaml.safe_dump(document))
    return load_stack(find_project(project), "serve-aws")


def planned(project: Path, **demand: Any) -> PoolPlan:
    return make_plan(opened(project, **demand), load_catalog()).pools[0]


def as_csv(path: Path) -> dict[str, Any]:
    path.write_text("\n".join(["time,value", *(f"{time},{value}" for time, value in zip(TIMES, LOAD, strict=True))]))
    return {"unit": "requests_per_second"}


def as_tenants(path: Path) -> dict[str, Any]:
    path.write_text(
        "\n".join(["time,acme,globex", *(f"{time},{value / 4},{value * 3 / 4}" for time, value in zip(TIMES, LOAD, strict=True))])
    )
    return {"unit": "requests_per_second"}


def as_parquet(path: Path) -> dict[str, Any]:
    pq.write_table(pa.table({"time": pa.array(TIMES).cast(pa.timestamp("s")), "load_rps": LOAD}), path)
    return {}


def as_prometheus(path: Path) -> dict[str, Any]:
    halves = [
        {"metric": {"tenant": tenant}, "values": [[time, str(value / 2)] for time, value in zip(TIMES, LOAD, strict=True)]}
        for tenant in ("acme", "globex")
    ]
    path.write_text(json.dumps({"status": "success", "data": {"resultType": "matrix", "result": halves}}))
    return {"unit": "requests_per_second"}


@pytest.mark.parametrize("written", [as_tenants, as_parquet, as_prometheus])
def test_the_plan_is_the_same_whatever_the_file_is(project: Path, written: Callable[[Path], dict[str, Any]]) -> None:
    path = project / "stacks/demand/load"
    usual = planned(project, file="demand/load", **as_csv(path))
    made = planned(project, file="demand/load", **written(path))
    # Tenants are tried one by one too; where each is a share of the whole, that tells nothing and decides nothing.
    assert any("bottom-up" in sentence for sentence in made.why) == (written is not as_parquet)
    assert made.model_copy(update={"why": usual.why}) == usual


def trace(path: Path) -> None:
    """Write sixty hours of requests at the pace of a real trace, a tenth of it at night."""
    with AZURE.open() as file:
        rows = list(csv.reader(file))[1:]
    first = dt.datetime.fromisoformat(rows[0][0])
    stamped = [((dt.datetime.fromisoformat(time) - first).total_seconds(), *tokens) for time, *tokens in rows[::40]]
    round_seconds = 1_200
    lines = ["TIMESTAMP,ContextTokens,GeneratedTokens"]
    for turn in range(60 * 3):
        night = 0 if (turn // 3) % 24 >= 12 else None
        for second, before, after in stamped[:15] if night == 0 else stamped:
            moment = MONDAY + dt.timedelta(seconds=turn * round_seconds + second)
            lines.append(f"{moment.replace(tzinfo=None).isoformat(' ')},{before},{after}")
    path.write_text("\n".join(lines))


def test_a_request_trace_is_planned_by_requests_and_by_tokens(project: Path) -> None:
    trace(project / "stacks/demand/trace.csv")
    requests = planned(project, file="demand/trace.csv")
    assert requests.unit == "requests_per_second"
    assert any("single requests: within 60 s the busiest second" in sentence for sentence in requests.why)
    tokens = planned(project, file="demand/trace.csv", unit="output_tokens_per_second")
    assert tokens.unit == "output_tokens_per_second"
    assert "output tokens/s" in tokens.why[0]
    assert max(hour.demand for hour in tokens.hours) > 20 * max(hour.demand for hour in requests.hours)


def test_a_promise_is_staffed_for_the_bursts_that_a_trace_shows(project: Path) -> None:
    file = project / "stacks/demand/trace.csv"
    trace(file)
    head, *requests = file.read_text().splitlines()
    # Each request brings four more with it, at the same moment: that is no chance.
    file.write_text("\n".join([head, *(line for line in requests for _ in range(5))]))
    path = project / "stacks/Pulumi.serve-aws.yaml"

    def promised(**slo: float) -> PoolPlan:
        document = yaml.safe_load(path.read_text())
        document["config"]["lepton:stack"]["pools"] = document["config"]["lepton:stack"]["pools"][:1]
        (pool,) = document["config"]["lepton:stack"]["pools"]
        pool |= {"demand": {"file": "demand/trace.csv"}, "slo": {"wait_probability": 0.05} | slo, "throughput": THROUGHPUT}
        path.write_text(yaml.safe_dump(document))
        return make_plan(load_stack(find_project(project), "serve-aws"), load_catalog()).pools[0]

    measured, even, busy = promised(), promised(peak_to_mean=1), promised(peak_to_mean=4)
    (said,) = [sentence for sentence in measured.why if "says no peak_to_mean" in sentence]
    factor = float(said.split("staffed for ")[1].split(",")[0])
    assert 1.2 < factor < 4, said
    replicas = [max(hour.replicas / max(hour.demand, 1e-9) for hour in plan.hours) for plan in (even, measured, busy)]
    assert replicas == sorted(replicas)
    assert replicas[0] < replicas[2]
    assert not any("says no peak_to_mean" in sentence for sentence in even.why)


def test_an_hour_of_a_trace_is_too_little_for_a_plan(project: Path) -> None:
    (project / "stacks/demand/trace.csv").write_bytes(AZURE.read_bytes())
    with pytest.raises(BadInput, match="with 0 whole hours of demand; 2 or more"):
        planned(project, file="demand/trace.csv")


def test_steps_lost_to_one_tenant_are_told(project: Path) -> None:
    path = project / "stacks/demand/load"
    as_tenants(path)
    lines = path.read_text().splitlines()
    lines[200:260] = [line.rpartition(",")[0] + "," for line in lines[200:260]]
    path.write_text("\n".join(lines))
    made = planned(project, file="demand/load", unit="requests_per_second")
    assert any(warning.startswith("In 60 steps some of the 2 tenants were not recorded") for warning in made.warnings)


EVENTS = "name,start,end,factor,add\nlaunch,2026-01-09T06:00Z,2026-01-09T09:00Z,2,\nbatch,2026-01-09T12:00Z,2026-01-09T13:00Z,,50\n"


def test_known_events_change_the_hours_they_cover_and_are_named(project: Path) -> None:
    path = project / "stacks/demand/load"
    said = as_csv(path)
    usual = planned(project, file="demand/load", share=0.5, **said)
    (project / "stacks/demand/events.csv").write_text(EVENTS)
    made = planned(project, file="demand/load", share=0.5, events="demand/events.csv", **said)
    assert usual.hours[0].start == dt.datetime(2026, 1, 9, tzinfo=dt.UTC)
    for place, (before, after) in enumerate(zip(usual.hours, made.hours, strict=True)):
        factor, add = (2 if 6 <= place < 9 else 1), (25 if place == 12 else 0)
        for name in ("demand", "demand_p50", "demand_p90", "demand_p95", "demand_p99"):
            assert getattr(after, name) == pytest.approx(getattr(before, name) * factor + add, rel=1e-5)
        assert after.nodes * made.node_capacity >= after.demand
    assert [sentence.split(" (")[0] for sentence in made.why[-2:]] == ["Known event 'launch'", "Known event 'batch'"]
    assert made.compared == usual.compared
    assert [warning for warning in made.warnings if warning not in usual.warnings] == [
        "The schedule repeats one day, this one with known events: plan again when the first is over, 2026-01-09 09:00 UTC."
    ]


def test_a_changed_calendar_makes_the_plan_stale(project: Path) -> None:
    said = as_csv(project / "stacks/demand/load")
    calendar = project / "stacks/demand/events.csv"
    calendar.write_text(EVENTS)
    stack_file = opened(project, file="demand/load", events="demand/events.csv", **said)
    made = make_plan(stack_file, load_catalog())
    write_plan(stack_file.project.plan_path("serve-aws"), made)
    assert plan_text(fresh_plan(stack_file)) == plan_text(made)
    calendar.write_text(EVENTS.replace(",2,", ",3,"))
    with pytest.raises(StalePlan, match=r"is older than demand file demand/events\.csv"):
        fresh_plan(stack_file)


def test_a_bad_calendar_and_a_bad_series_are_said_together(project: Path) -> None:
    (project / "stacks/demand/load").write_text("nothing\n")
    (project / "stacks/demand/events.yaml").write_text("events: [{name: x}]\n")
    with pytest.raises(BadInput) as caught:
        planned(project, file="demand/load", unit="requests_per_second", events="demand/events.yaml")
    assert "no columns of time" in str(caught.value)
    assert "calendar.events[0].start is missing" in str(caught.value)
    with pytest.raises(BadInput, match=r"demand\.events is '\.\./x'; a path below"):
        opened(project, file="demand/load", events="../x")
