"""Whole plans: made from files, written, checked, and refused."""

import datetime as dt
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from lepton_infra.catalog import Catalog, load_catalog
from lepton_infra.cli.plan import plan as plan_verb
from lepton_infra.config import StackFile, find_project, load_stack
from lepton_infra.errors import BadInput, StalePlan
from lepton_infra.sizing.lock import check_plan, fresh_plan, load_plan, plan_text, write_plan
from lepton_infra.sizing.make import make_plan
from lepton_infra.sizing.plan import Plan

ROOT = Path(__file__).parents[2]

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the shipped project's stack and demand."""
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    for name in ("Pulumi.serve-aws.yaml", "demand/servegen_m_large_10min.csv", "plans/serve-aws.json"):
        (tmp_path / "stacks" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "stacks" / name, tmp_path / "stacks" / name)
    return tmp_path


def opened(project: Path, change: Change | None = None) -> StackFile:
    path = project / "stacks/Pulumi.serve-aws.yaml"
    document = yaml.safe_load(path.read_text())
    if change:
        change(document["config"]["lepton:stack"])
        path.write_text(yaml.safe_dump(document))
    return load_stack(find_project(project), "serve-aws")


def pool(place: int, **values: Any) -> Change:
    return lambda stack: stack["pools"][place].update(values)


def level(**values: Any) -> Change:
    def change(stack: dict[str, Any]) -> None:
        del stack["pools"][0]["violations"]
        stack["pools"][0] |= values

    return change


def demand(project: Path, text: str) -> None:
    (project / "stacks/demand/servegen_m_large_10min.csv").write_text(text)


def wave(days: float, step: int = 600) -> str:
    rows = [f"{second},{200 + 100 * math.sin(second / 86400 * 2 * math.pi)}" for second in range(0, int(days * 86400), step)]
    return "\n".join(["t_seconds,rate_rps", *rows]) + "\n"


def test_the_shipped_plan_is_what_its_inputs_make() -> None:
    text = plan_text(make_plan(load_stack(find_project(ROOT), "serve-aws"), load_catalog()))
    assert text == (ROOT / "stacks/plans/serve-aws.json").read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert str(ROOT) not in text


def test_the_order_of_the_catalogue_changes_no_byte(project: Path) -> None:
    turned = Catalog(load_catalog().machines[::-1])
    assert plan_text(make_plan(opened(project), turned)) == (project / "stacks/plans/serve-aws.json").read_text(encoding="utf-8")


def test_hours_bounds_and_schedule_agree(project: Path) -> None:
    made = make_plan(opened(project), load_catalog())
    for each in made.pools:
        assert len(each.hours) == 24
        assert each.hours[0].start == dt.datetime(2026, 1, 19, tzinfo=dt.UTC)
        for hour in each.hours:
            assert hour.nodes * each.node_capacity >= hour.demand
            assert 0 < hour.demand_p50 <= hour.demand_p90 <= hour.demand_p95 <= hour.demand_p99
        assert each.min_nodes <= min(hour.nodes for hour in each.hours)
        assert max(hour.nodes for hour in each.hours) <= each.max_nodes
        month = each.usd_per_month
        assert month.p10 is not None
        assert month.p90 is not None
        assert each.min_nodes * each.offer.usd_per_hour * 730 < month.p10 < month.expected < month.p90
        assert month.days == 11
        assert each.loop is not None
        assert each.target_utilisation is not None
        assert each.loop.scale_in_below < each.target_utilisation < each.loop.scale_out_above < 1
        assert each.loop.scale_in_wait_minutes == 2 * each.lead_minutes == 2 * each.loop.scale_out_wait_minutes


def test_the_schedule_says_which_way_each_change_goes(project: Path) -> None:
    demand(project, wave(14))
    made = make_plan(opened(project), load_catalog()).pools[0]
    nodes = [change.min_nodes for change in made.schedule]
    ways = ["out" if after > before else "in" for before, after in zip([nodes[-1], *nodes], nodes, strict=False)]
    assert [change.scale for change in made.schedule] == ways
    assert {"out", "in"} == set(ways)


def test_the_plan_is_held_against_every_rival(project: Path) -> None:
    for each in make_plan(opened(project), load_catalog()).pools:
        assert each.compared is not None
        assert each.compared.days == 4
        done = {one.policy: one for one in each.compared.policies}
        assert list(done) == ["oracle", "plan", "each-window", "schedule", "seed", "hpa-70", "thresholds-80-40", "static-peak"]
        assert done["oracle"].usd < done["each-window"].usd < done["static-peak"].usd / 2
        assert done["oracle"].usd < done["plan"].usd < done["static-peak"].usd / 2
        assert done["plan"].usd < done["thresholds-80-40"].usd < done["static-peak"].usd
        assert done["plan"].short <= min(done["thresholds-80-40"].short, each.violations or 0)
        assert done["plan"].short < 0.02
        assert done["schedule"].short > 0.2
        for one in done.values():
            assert one.usd == pytest.approx(one.node_hours * each.offer.usd_per_hour, abs=0.1)
        assert each.coverage == pytest.approx(each.scored_quantile, abs=0.02)
        assert any(warning.startswith("The floors alone would have been short") for warning in each.warnings)


def test_where_the_day_repeats_the_plan_beats_the_thresholds_at_fewer_windows_short(project: Path) -> None:
    noise = np.random.default_rng(30).normal(0, 10, 21 * 144).tolist()
    demand(project, rows([200 + 150 * math.sin(place / 144 * 2 * math.pi) + off for place, off in enumerate(noise)]))
    made = make_plan(opened(project), load_catalog()).pools[0]
    assert made.compared is not None
    ours, theirs = made.compared.of("plan"), made.compared.of("thresholds-80-40")
    assert ours.short <= theirs.short + 0.002
    assert ours.usd < 0.9 * theirs.usd
    gained = made.compared.gained
    assert gained is not None
    assert gained.cost == pytest.approx(ours.usd / theirs.usd - 1, abs=1e-3)
    assert gained.off_peak_utilisation > 0.1
    assert gained.peak_capacity > 0


def test_a_fixed_quantile_is_held_by_the_hours_alone(project: Path) -> None:
    made = make_plan(opened(project, level(quantile=0.97)), load_catalog()).pools[0]
    assert (made.quantile, made.violations, made.lead_quantile, made.scored_quantile) == (0.97, None, 0.97, 0.97)
    assert (made.target_utilisation, made.loop) == (None, None)
    assert made.compared is not None
    assert made.compared.of("schedule").short < 0.03
    assert made.compared.of("plan").usd == made.compared.of("schedule").usd
    assert made.coverage == pytest.approx(0.97, abs=0.02)
    for hour in made.hours:
        assert hour.demand_p95 <= hour.demand <= hour.demand_p99


def test_a_larger_share_short_is_never_dearer(project: Path) -> None:
    found = [make_plan(opened(project, pool(0, violations=share)), load_catalog()).pools[0] for share in (0.005, 0.02, 0.1)]
    months = [each.usd_per_month.expected for each in found]
    assert months == sorted(months, reverse=True)
    assert months[0] > 1.05 * months[-1]
    levels = [each.lead_quantile for each in found]
    assert levels == sorted(levels, reverse=True)


def test_more_demand_never_needs_fewer_nodes(project: Path) -> None:
    def share(part: float) -> list[int]:
        made = make_plan(opened(project, pool(0, demand={**wanted(project), "share": part}, machines=["p5.4xlarge"])), load_catalog())
        return [hour.nodes for hour in made.pools[0].hours]

    small, large = share(0.4), share(0.8)
    assert all(few <= many for few, many in zip(small, large, strict=True))


def wanted(project: Path) -> dict[str, Any]:
    document = yaml.safe_load((project / "stacks/Pulumi.serve-aws.yaml").read_text())
    return document["config"]["lepton:stack"]["pools"][0]["demand"]


def test_a_clear_daily_pattern_is_planned_for(project: Path) -> None:
    demand(project, wave(14))
    made = make_plan(opened(project), load_catalog()).pools[0]
    assert {"ridge", "seasonal-naive"} & set(made.day_ahead_forecaster.split(" ")[0].split("+"))
    nodes = [hour.nodes for hour in made.hours]
    assert nodes[6] > 2 * nodes[18]
    assert len(made.schedule) > 4


def test_a_short_history_warns_and_widens(project: Path) -> None:
    demand(project, wave(1.5))
    made = make_plan(opened(project), load_catalog()).pools[0]
    assert "fewer than 3" in made.warnings[0]
    assert made.compared is None
    assert made.coverage is None
    assert min(hour.demand for hour in made.hours) >= 0.8 * 299
    demand(project, wave(2.5))
    assert "fewer than 3" in make_plan(opened(project), load_catalog()).pools[0].warnings[0]


def test_gaps_are_told_and_not_counted_as_zero(project: Path) -> None:
    lines = wave(14).splitlines()
    demand(project, "\n".join(lines[:800] + lines[1000:]) + "\n")
    made = make_plan(opened(project), load_catalog()).pools[0]
    assert any("gaps" in warning for warning in made.warnings)
    assert min(hour.demand_p50 for hour in made.hours) > 0.8 * 90


def rows(values: list[float | None], step: int = 600) -> str:
    lines = [f"{place * step},{'' if value is None else value}" for place, value in enumerate(values)]
    return "\n".join(["t_seconds,rate_rps", *lines]) + "\n"


@pytest.mark.parametrize(
    "text",
    [
        rows([0.0] * 2016),
        rows([7.0] * 2016),
        rows([1e-300] * 2016),
        rows([0.0] * 1000 + [100.0] * 1016),
        rows([100.0 if place // 72 % 2 else 0.0 for place in range(2016)]),
        rows([10.0] * 1500 + [1000.0] + [10.0] * 515),
        rows([5.0] * 12),
        rows([None] * 1500 + [50.0 + place % 40 for place in range(516)]),
        rows([50.0 + place % 40 for place in range(516)] + [None] * 1500),
        rows([50.0 + place % 40 if place % 3 else None for place in range(2016)]),
        wave(9, step=420),
        wave(9, step=3600),
        wave(4, step=45),
    ],
)
@pytest.mark.parametrize("lead_minutes", [0, 24 * 60])
def test_odd_demand_is_planned_without_a_warning_of_numpy(project: Path, text: str, lead_minutes: int) -> None:
    demand(project, text)

    def change(stack: dict[str, Any]) -> None:
        stack["pools"] = [stack["pools"][0] | {"lead_minutes": lead_minutes}]

    (made,) = make_plan(opened(project, change), load_catalog()).pools
    assert len(made.hours) == 24
    for hour in made.hours:
        assert math.isfinite(hour.demand)
        assert hour.nodes * made.node_capacity >= hour.demand >= 0
        assert 0 <= hour.demand_p50 <= hour.demand_p90 <= hour.demand_p95 <= hour.demand_p99


def test_the_plan_follows_the_last_record_not_the_empty_rows_after_it(project: Path) -> None:
    demand(project, rows([50.0 + place % 40 for place in range(144 * 5)] + [None] * 144))
    made = make_plan(opened(project), load_catalog()).pools[0]
    assert made.hours[0].start == dt.datetime(2026, 1, 10, tzinfo=dt.UTC)


@pytest.mark.parametrize("forecaster", ["naive", "moving-average", "seasonal-naive", "ses", "ridge", "seed"])
def test_a_forecaster_can_be_named(project: Path, forecaster: str) -> None:
    made = make_plan(opened(project, pool(0, forecaster=forecaster)), load_catalog())
    assert made.pools[0].forecaster.startswith(forecaster + " ")
    assert made.pools[0].day_ahead_forecaster.startswith(forecaster + " ")


def refused(stack_file: StackFile) -> str:
    with pytest.raises(BadInput) as caught:
        make_plan(stack_file, load_catalog())
    return str(caught.value)


def test_every_fault_of_every_pool_at_once(project: Path) -> None:
    def change(stack: dict[str, Any]) -> None:
        stack["cluster"]["system_pool"] = {"machine": "m9.large"}
        stack["pools"][0] |= {"gpu": ["H1000"], "throughput": {"per_gpu": {"H1000": 1}, "source": "hope"}, "forecaster": "oracle"}
        stack["pools"][1]["demand"]["file"] = "demand/none.csv"

    said = refused(opened(project, change)).splitlines()
    assert len(said) == 4
    assert "system_pool.machine is 'm9.large'" in said[0]
    assert "pools[0].gpu is 'H1000'; choose H100" in said[1]
    assert "pools[0].forecaster is 'oracle'; choose auto" in said[2]
    assert "pools[1].demand.file is 'demand/none.csv', which does not exist" in said[3]


def test_a_fault_of_a_shared_file_is_told_once(project: Path) -> None:
    demand(project, "t_seconds,rate_rps\n0,1\n600,many\n")
    assert refused(opened(project)).count("'many'") == 1


def test_a_region_without_machines_is_told_alone(project: Path) -> None:
    said = refused(opened(project, lambda stack: stack.update(region="eu-west-1")))
    assert said.splitlines() == [
        "Pulumi.serve-aws.yaml: lepton:stack.region is 'eu-west-1', where the catalogue has no machine of aws; choose us-east-1."
    ]


def test_an_hour_of_demand_is_too_little(project: Path) -> None:
    demand(project, wave(1 / 24))
    assert "1 whole hours of demand; 2 or more" in refused(opened(project))


def test_needing_more_than_max_nodes_is_refused_with_the_figure(project: Path) -> None:
    planned = load_plan(project / "stacks/plans/serve-aws.json").pools[0]
    most = math.ceil(max(hour.demand_p95 for hour in planned.hours) / planned.node_capacity)
    said = refused(opened(project, pool(0, max_nodes=3, machines=["p5.4xlarge"])))
    assert f"pools[0].max_nodes is 3, but the busiest hour needs {most} nodes of p5.4xlarge; {most} or more." in said


def test_checking_a_plan_loads_no_numbers() -> None:
    code = "import sys, lepton_infra.sizing.lock; print('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_fresh_plan_is_fresh(project: Path) -> None:
    assert fresh_plan(opened(project)).stack == "serve-aws"


@pytest.mark.parametrize(
    "change",
    [lambda stack: stack.update(owner="someone@example.com", team="x", environment="dev"), pool(0, runs_on="group"), pool(0, disk_gib=500)],
)
def test_what_sizing_does_not_read_leaves_a_plan_fresh(project: Path, change: Change) -> None:
    assert fresh_plan(opened(project, change)).stack == "serve-aws"


@pytest.mark.parametrize(
    "change",
    [
        pool(0, violations=0.02),
        level(quantile=0.97),
        pool(0, lead_minutes=20),
        pool(1, max_nodes=59),
        pool(0, gpu=["H100"]),
        pool(0, machines=["p5.48xlarge"]),
        pool(0, gpus_per_replica=2),
        pool(0, forecaster="naive"),
        lambda stack: stack["pools"][0]["throughput"]["per_gpu"].update(H100=12.5),
        lambda stack: stack["pools"][0]["demand"].update(share=0.7),
        lambda stack: stack["pools"].reverse(),
        lambda stack: stack["cluster"].update(system_pool={"machine": "m7i.xlarge"}),
    ],
)
def test_what_sizing_reads_makes_a_plan_stale(project: Path, change: Change) -> None:
    with pytest.raises(StalePlan) as caught:
        fresh_plan(opened(project, change))
    assert "plans/serve-aws.json: is older than the settings of Pulumi.serve-aws.yaml" in str(caught.value)
    assert "Run `lepton plan serve-aws`" in str(caught.value)


def test_a_stale_plan_says_each_thing_that_changed(project: Path) -> None:
    demand(project, wave(14))
    stack_file = opened(project, pool(0, violations=0.02))
    plan = load_plan(project / "stacks/plans/serve-aws.json")
    with pytest.raises(StalePlan) as caught:
        check_plan(plan, stack_file, Catalog(load_catalog().machines[1:]))
    assert [fault.given for fault in caught.value.faults] == [
        "is older than demand file demand/servegen_m_large_10min.csv",
        "is older than the settings of Pulumi.serve-aws.yaml",
        "is older than the price catalogue",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "is not a plan"), ("{", "is not a plan"), ("[]", "is not a plan"), ('{"stack": "x"}', "is not a plan (inputs: field required)")],
)
def test_a_file_that_is_no_plan(project: Path, text: str, said: str) -> None:
    (project / "stacks/plans/serve-aws.json").write_text(text)
    with pytest.raises(BadInput) as caught:
        fresh_plan(opened(project))
    assert said in str(caught.value)


def test_a_missing_plan_is_stale(project: Path) -> None:
    (project / "stacks/plans/serve-aws.json").unlink()
    with pytest.raises(StalePlan, match=r"plans/serve-aws\.json: does not exist; a plan for the stack\. Run `lepton plan serve-aws`\."):
        fresh_plan(opened(project))


def test_a_plan_is_read_as_it_was_written(project: Path, tmp_path: Path) -> None:
    plan = load_plan(project / "stacks/plans/serve-aws.json")
    write_plan(tmp_path / "again.json", plan)
    assert load_plan(tmp_path / "again.json") == plan
    assert Plan.model_validate(json.loads(plan_text(plan))) == plan


def test_the_verb_writes_the_plan_and_prints_it(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "stacks/plans/serve-aws.json").unlink()
    plan_verb("serve-aws", project=project)
    printed = capsys.readouterr()
    assert (project / "stacks/plans/serve-aws.json").read_text() == (ROOT / "stacks/plans/serve-aws.json").read_text()
    assert "p5.4xlarge" in printed.out
    assert "x oracle" in printed.out
    assert "plans/serve-aws.json: written" in printed.out
    plan_verb("serve-aws", check=True, project=project)
    assert "up to date" in capsys.readouterr().out
    plan_verb("serve-aws", check=True, as_json=True, project=project)
    assert json.loads(capsys.readouterr().out)["format"] == "lepton.plan/2"


def test_the_verb_writes_nothing_when_an_input_is_bad(project: Path) -> None:
    (project / "stacks/plans/serve-aws.json").unlink()
    demand(project, "t_seconds,rate_rps\n0,1\n600,many\n")
    with pytest.raises(BadInput):
        plan_verb("serve-aws", project=project)
    assert list((project / "stacks/plans").iterdir()) == []
