"""A whole day of a fleet, byte by byte, over a small catalogue of its own (`market/`), so that no price that moves changes it."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion
from typer.testing import CliRunner

import lepton_infra.catalog
from lepton_infra.catalog import Catalog
from lepton_infra.catalog.book import KNOWN_ON, read_table
from lepton_infra.cli.app import app
from lepton_infra.config import find_project, load_stack
from lepton_infra.errors import BadInput
from lepton_infra.sizing.make import make_plan
from lepton_infra.sizing.plan import Plan

HERE = Path(__file__).parent
FLEET: dict[str, Any] = {"max_spot_share": 0.5, "max_region_share": 0.8, "survive_spot_pool": True, "residency": ["US", "EU"]}
SERVES = {"H100": 12.6, "A100": 4.4, "L40S": 1.9}
ROWS = 145 * 2
"""Two days of ten-minute values, and a little."""


def market() -> Catalog:
    return Catalog(read_table(HERE / "market" / "machines.csv", KNOWN_ON))


def project(root: Path, fleet: dict[str, Any], *pools: dict[str, Any], region: str = "us-east-1", demand: str = "") -> Path:
    """Write a project whose pools are a fleet."""
    base = {
        "runs_on": "cluster",
        "gpu": ["H100", "A100", "L40S"],
        "demand": {"file": "d.csv", "start": "2026-03-02T00:00:00Z"},
        "throughput": {"per_gpu": SERVES, "source": "a benchmark of our own"},
        "quantile": 0.9,
        "min_nodes": 0,
        "forecaster": "naive",
    }
    (root / "stacks").mkdir(parents=True)
    (root / "Pulumi.yaml").write_text("name: golden\nruntime: python\nmain: stacks\nstackConfigDir: stacks\n")
    # A day from 25 to 75 requests a second and back, in steps of two hours.
    wave = "\n".join(f"{600 * place},{25 + 50 * (1 - abs(place // 12 % 12 - 6) / 6):.2f}" for place in range(ROWS))
    (root / "stacks/d.csv").write_text(demand or f"t_seconds,rate_rps\n{wave}\n")
    stack = {"cloud": "aws", "region": region, "owner": "a", "team": "b", "environment": "dev", "pools": [base | pool for pool in pools]}
    (root / "stacks/Pulumi.x.yaml").write_text(yaml.safe_dump({"config": {"lepton:stack": stack | {"fleet": fleet}}}))
    return root


def made(root: Path, catalog: Catalog) -> Plan:
    return make_plan(load_stack(find_project(root), "x"), catalog)


def told(plan: Plan) -> dict[str, Any]:
    """Return what is ours of the fleet: without what tables beside the small catalogue say of carbon."""
    assert plan.fleet is not None
    whole = json.loads(plan.fleet.model_dump_json())
    del whole["kg_co2e_per_month"]
    return whole


def test_a_day_of_a_fleet_is_this(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    plan = made(project(tmp_path / "p", FLEET, {"name": "chat"}), market())

    assert json.dumps(told(plan), indent=1, sort_keys=True) == snapshot


def test_the_order_of_the_catalogue_changes_no_byte_of_a_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = market().machines
    texts: list[bytes] = []
    for name, order in (("there", rows), ("shuffled", rows[::-2] + rows[-2::-2])):
        root = project(tmp_path / name, FLEET | {"clouds": ["aws", "azure"]}, {"name": "chat"})
        monkeypatch.setattr(lepton_infra.catalog, "load_catalog", lambda order=order: Catalog(order))

        ran = CliRunner().invoke(app, ["plan", "x", "--project", str(root)])

        assert ran.exit_code == 0, ran.output
        texts.append((root / "stacks/plans/x.json").read_bytes())
    assert texts[0] == texts[1]
    assert json.loads(texts[0])["fleet"]["uses"]


def test_a_pool_of_which_its_own_region_sells_nothing_is_bought_elsewhere(tmp_path: Path) -> None:
    rows = [one for one in market().machines if (one.cloud.value, one.gpu) != ("aws", "A100")]
    root = project(tmp_path / "p", {}, {"name": "chat", "gpu": ["A100"]})

    plan = made(root, Catalog(tuple(rows)))

    assert plan.fleet is not None
    assert {(use.cloud, use.region, use.gpu, use.here) for use in plan.fleet.uses} >= {("azure", "eastus", "A100", False)}
    assert not any(use.here for use in plan.fleet.uses)
    assert plan.fleet.builds == ()
    assert "chat has no node in this stack's own region." in plan.fleet.warnings


def test_services_that_are_short_under_a_budget_are_cut_by_priority(tmp_path: Path) -> None:
    # Without a budget the two cost about 68,000 $ a month.
    pools = ({"name": "chat", "priority": 1}, {"name": "batch"})
    plan = made(project(tmp_path / "p", {"gpus": ["A100", "H100"], "usd_per_month": 42_000}, *pools), market()).fleet

    assert plan is not None
    assert plan.usd_per_month <= 42_001
    assert set(plan.unserved) == {"batch"}
    assert 0.5 < plan.unserved["batch"] < 1
    assert next(limit for limit in plan.limits if limit.limit == "fleet.usd_per_month").served == pytest.approx(plan.unserved["batch"])
    # The bound is over few offers there, and the plan says so.
    assert plan.gap_offers is not None
    assert f"of fleets of the {plan.gap_offers} offers looked at then" in plan.why[0]


def test_less_than_what_is_planned_may_survive_a_loss_and_does(tmp_path: Path) -> None:
    fleet = FLEET | {"max_spot_share": 0.9, "clouds": ["aws"], "max_region_share": 1.0}
    whole = made(project(tmp_path / "whole", fleet, {"name": "chat"}), market())
    less = made(project(tmp_path / "less", fleet | {"survive_demand": "p50"}, {"name": "chat"}), market())

    assert whole.fleet is not None
    assert less.fleet is not None
    assert less.fleet.usd_per_month <= whole.fleet.usd_per_month
    for place, hour in enumerate(less.pools[0].hours):
        parts = [(SERVES[use.gpu] * use.gpus * use.nodes[place], use.market == "spot") for use in less.fleet.uses]
        lost = max((part for part, spot in parts if spot), default=0.0)
        assert sum(part for part, _ in parts) >= hour.demand * (1 - 1e-6)
        assert sum(part for part, _ in parts) - lost >= min(hour.demand_p50, hour.demand) * (1 - 1e-6)


def test_what_survives_is_one_of_the_quantiles_that_a_plan_shows(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="survive_demand"):
        made(project(tmp_path / "p", FLEET | {"survive_demand": "p42"}, {"name": "chat"}), market())
