"""What a stack builds of a fleet: the parts in its own region, with their market, bounds and hours."""

from typing import Any

from lepton_components.aws.pools import template_tags
from lepton_components.border import PoolArgs
from lepton_components.pool import PoolSpec
from lepton_components.wanted import pools_on
from lepton_infra.config import find_project, load_stack
from lepton_infra.sizing.fleetplan import FleetPlan, Part
from lepton_infra.sizing.lock import load_plan


def _planned(tmp: Any, parts: list[Part]) -> dict[str, list[PoolArgs]]:
    stack_file = load_stack(find_project(tmp), "serve-aws")
    plan = load_plan(stack_file.project.plan_path("serve-aws"))
    fleet = FleetPlan(
        uses=(), hours=(), builds=tuple(parts), usd_per_day=0, start_usd_per_day=0, usd_per_month=0, kg_co2e_per_month=None, spot_share=0,
        gap=0, gap_offers=None, gap_with_starts=0, complete=True, unserved={}, limits=(), rivals=(), why=(), warnings=(),
    )  # fmt: skip
    with_fleet = plan.model_copy(update={"fleet": fleet})
    return {where: pools_on(where, stack_file.stack, with_fleet) for where in ("cluster", "group")}


def _part(name: str, pool: str, *, spot: bool) -> Part:
    return Part(
        pool=pool, name=name, machine="p5.4xlarge", gpu="H100", gpus=1, spot=spot, min_nodes=1, max_nodes=4, schedule=(("0 8 * * *", 3),)
    )


def test_a_pool_becomes_a_pool_for_each_machine_and_market_or_none(project: Any) -> None:
    made = _planned(project, [_part("chat-a", "chat", spot=False), _part("chat-b-spot", "chat", spot=True)])

    assert [pool["name"] for pool in made["cluster"]] == ["chat-a", "chat-b-spot"]
    assert [pool.get("spot", False) for pool in made["cluster"]] == [False, True]
    assert made["group"] == []
    specs = [PoolSpec.model_validate(pool) for pool in made["cluster"]]
    assert [spec.spot for spec in specs] == [False, True]
    assert [(change.cron, change.min_nodes) for change in specs[1].schedule] == [("0 8 * * *", 3)]


def test_the_autoscaler_is_told_of_the_taint_of_spot_nodes() -> None:
    told = {key: value for _, key, value in template_tags(8, "nvidia-h100", spot=True)}
    assert told["taint/lepton/spot"] == "true:NoSchedule"
    assert "taint/lepton/spot" not in {key for _, key, _ in template_tags(8, "nvidia-h100")}
