"""Every unit of demand through the whole plan, and files that mean harm through the tenants."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from lepton_infra.catalog import load_catalog
from lepton_infra.config import Demand, StackFile, find_project, load_stack
from lepton_infra.config.model import Unit
from lepton_infra.errors import BadInput
from lepton_infra.sizing.lock import plan_text
from lepton_infra.sizing.make import make_plan
from lepton_infra.sizing.plan import Plan, PoolPlan
from lepton_infra.sizing.source import read_record
from lepton_infra.sizing.tenants import MOST_PARTS, parts
from lepton_infra.sizing.units import UNIT_NAMES

ROOT = Path(__file__).parents[2]
HOURS = range(4 * 24)
WAVE = [100 + 50 * math.sin(hour / 12 * math.pi) for hour in HOURS]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    (tmp_path / "stacks").mkdir()
    return tmp_path


def stamp(hour: int) -> str:
    return f"2026-01-{5 + hour // 24:02}T{hour % 24:02}:00:00Z"


def opened(directory: Path, demand: dict[str, Any], per_gpu: float) -> StackFile:
    pool = {"name": "data", "runs_on": "cluster", "gpu": "H100", "demand": demand, "machines": ["p5.48xlarge"], "forecaster": "naive"}
    pool |= {"throughput": {"per_gpu": {"H100": per_gpu}, "source": "a test"}, "max_nodes": 1000}
    stack = {"cloud": "aws", "region": "us-east-1", "owner": "a", "team": "b", "environment": "dev", "pools": [pool]}
    (directory / "stacks/Pulumi.x.yaml").write_text(yaml.safe_dump({"config": {"lepton:stack": stack}}))
    return load_stack(find_project(directory), "x")


def plan_of(directory: Path, unit: Unit, scale: float) -> tuple[Plan, PoolPlan]:
    rows = "".join(f"{stamp(hour)},{value * scale}\n" for hour, value in zip(HOURS, WAVE, strict=True))
    (directory / "stacks/load.csv").write_text("time,value\n" + rows)
    plan = make_plan(opened(directory, {"file": "load.csv", "unit": unit}, 2.0 * scale), load_catalog())
    return plan, plan.pools[0]


@pytest.mark.parametrize(
    ("unit", "scale"),
    [
        ("requests_per_second", 1.0),
        ("input_tokens_per_second", 2.0**11),
        ("output_tokens_per_second", 2.0**8),
        ("concurrent_gpus", 1.0),
        ("bytes_per_second", 2.0**30),
        ("bytes", 2.0**50),
    ],
)
def test_a_pool_is_planned_alike_in_every_unit(directory: Path, unit: Unit, scale: float) -> None:
    plan, pool = plan_of(directory, unit, scale)
    _, usual = plan_of(directory, "requests_per_second", 1.0)
    assert pool.unit == unit
    assert pool.node_capacity == pytest.approx(16 * scale, rel=1e-5)
    assert [hour.nodes for hour in pool.hours] == [hour.nodes for hour in usual.hours]
    assert [hour.demand for hour in pool.hours] == pytest.approx([hour.demand * scale for hour in usual.hours], rel=1e-5)
    assert pool.usd_per_month == usual.usd_per_month
    assert any(UNIT_NAMES[unit] in sentence for sentence in pool.why)
    assert "nan" not in plan_text(plan).casefold()


def test_every_unit_is_tried_above() -> None:
    assert len(UNIT_NAMES) == 6


def prometheus(names: list[dict[str, str]], values: list[list[str | None]]) -> str:
    result = [
        {
            "metric": name,
            "values": [[1_767_571_200 + 3600 * hour, each] for hour, each in enumerate(column) if each is not None],
        }
        for name, column in zip(names, values, strict=True)
    ]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})


def test_series_of_prometheus_are_tenants_with_their_gaps(directory: Path) -> None:
    names = [{"job": "gateway", "tenant": "acme"}, {"job": "gateway", "tenant": "globex"}]
    acme: list[str | None] = [str(value / 2) for value in WAVE]
    globex: list[str | None] = [str(value / 4) for value in WAVE]
    acme[50] = None
    globex[51] = "NaN"
    (directory / "stacks/load.json").write_text(prometheus(names, [acme, globex]))
    demand = {"file": "load.json", "unit": "requests_per_second"}
    record = read_record(directory / "stacks/load.json", Demand.model_validate(demand), "--")
    assert [tenant.name for tenant in record.tenants] == ["acme", "globex"]
    assert record.lost == 2
    found = parts(record, record.series, record.series)
    assert found is not None
    assert np.flatnonzero(np.isnan(found.values[0])).tolist() == [50, 51]
    (pool,) = make_plan(opened(directory, demand, 2.0), load_catalog()).pools
    assert any("2 tenants were not recorded" in warning for warning in pool.warnings)


def test_a_thousand_tenants_cost_what_a_dozen_do(directory: Path) -> None:
    header = ",".join(f"t{place}" for place in range(1000))
    rows = "".join(f"{stamp(hour)}{f',{hour + 1}' * 1000}\n" for hour in HOURS)
    (directory / "stacks/wide.csv").write_text(f"time,{header}\n{rows}")
    record = read_record(directory / "stacks/wide.csv", Demand(file="wide.csv", unit="requests_per_second"), "--")
    found = parts(record, record.series, record.series)
    assert found is not None
    assert found.values.shape == (MOST_PARTS, len(HOURS))
    assert found.values.sum(axis=0) == pytest.approx(record.series.values)


def test_tenants_far_apart_in_time_do_not_fill_the_memory(directory: Path) -> None:
    # Two rows a second apart and one seven months later: 18 million steps, of which three are known.
    header = ",".join(f"t{place}" for place in range(200))
    lines = [f"{second}{',1' * 200}" for second in (1_767_571_200, 1_767_571_201, 1_767_571_200 + 18_000_000)]
    (directory / "stacks/far.csv").write_text(f"time,{header}\n" + "\n".join(lines) + "\n")
    record = read_record(directory / "stacks/far.csv", Demand(file="far.csv", unit="requests_per_second"), "--")
    assert record.split is not None
    assert record.split.values.shape == (3, 200)
    assert record.split.steps.tolist() == [0, 1, 18_000_000]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("time,a,b\n2026-01-05T00:00:00Z,1,-1\n2026-01-05T01:00:00Z,1,1\n", "has the value '-1'"),
        ("time,a,b\n2026-01-05T00:00:00Z,1,inf\n2026-01-05T01:00:00Z,1,1\n", "has the value 'inf'"),
        ("time,a,b\n2026-01-05T00:00:00Z,,1\n2026-01-05T01:00:00Z,1,\n", "has no row in which all of a, b are known"),
        ("time,a,b\n2026-01-05T00:00:00Z,1e18,1e18\n", "has one row"),
        ("time,a,a\n2026-01-05T00:00:00Z,1,1\n2026-01-05T01:00:00Z,1,1\n", "has the column 'a' more than once"),
    ],
)
def test_a_tenant_that_cannot_be_is_refused(directory: Path, rows: str, said: str) -> None:
    (directory / "stacks/bad.csv").write_text(rows)
    with pytest.raises(BadInput) as caught:
        read_record(directory / "stacks/bad.csv", Demand(file="bad.csv", unit="bytes"), "--")
    assert said in str(caught.value)
