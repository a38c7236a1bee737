"""What every cloud's components promise, and how they refuse."""

from collections.abc import Callable
from types import ModuleType
from typing import Any, get_args

import pulumi
import pytest

from lepton_components import AutoscalingGroup, BadArgs, Budget, EncryptedNetwork, GpuCluster, Keys, Storage, contract
from lepton_components.contract import Capability
from lepton_infra.config.model import Days

Component = Callable[..., pulumi.ComponentResource]
OUTPUTS = {
    Keys: ["secrets", "disks", "storage", "logs", "messages"],
    EncryptedNetwork: ["network_id", "subnets", "zones", "storage_prefix"],
    Storage: ["bucket_id", "bucket", "url"],
    GpuCluster: ["cluster", "endpoint", "certificate_authority", "pools"],
    AutoscalingGroup: ["group", "identity"],
    Budget: ["budget", "topic"],
}


def _args(rig: Any, component: Component) -> Any:
    return {
        Keys: lambda: {"scope": rig.scope},
        EncryptedNetwork: rig.network,
        Storage: rig.storage,
        GpuCluster: rig.cluster,
        AutoscalingGroup: rig.group,
        Budget: rig.budget,
    }[component]()


def _facts(rig: Any, component: Component, *, preview: bool) -> dict[str, Any]:
    """Build one component and return its outputs as far as they are known."""
    known: dict[str, Any] = {}

    def program() -> None:
        made = component("thing", _args(rig, component))
        for name in OUTPUTS[component]:
            getattr(made, name).apply(lambda value, name=name: known.update({name: value}))

    rig.build(program, preview=preview)
    return known


def _refusal(rig: Any, program: Callable[[], object]) -> list[str]:
    with pytest.raises(BadArgs) as refused:
        rig.build(program)
    return [str(fault) for fault in refused.value.faults]


@pytest.mark.parametrize("component", OUTPUTS)
def test_every_fact_is_known_once_it_is_built(rig: Any, component: Component) -> None:
    facts = _facts(rig, component, preview=False)

    assert sorted(facts) == sorted(OUTPUTS[component])
    assert all(facts.values())


def test_identifiers_are_unknown_before_anything_is_built(rig: Any) -> None:
    assert set(_facts(rig, EncryptedNetwork, preview=True)) == {"zones"}
    assert _facts(rig, Storage, preview=True) == {}


def test_all_faults_of_a_component_are_told_at_once(rig: Any) -> None:
    days = get_args(Days)
    bad = rig.network(cidr="8.0.0.0/12", zones=9, flow_log_days=31, logs_key="", zone=1)

    assert _refusal(rig, lambda: EncryptedNetwork("net", bad)) == [
        "net.zone: is unknown; one of cidr, zones, reserved, flow_log_days, scope, logs_key. Write 'zones'.",
        "net.cidr: is 8.0.0.0/12; /16 to /21, which leaves every zone 256 addresses or more.",
        "net.cidr: is 8.0.0.0/12, which is public; a private range (RFC 1918).",
        "net.zones: is 9; less than or equal to 6.",
        f"net.flow_log_days: is 31; choose {', '.join(map(str, days[:-1]))} or {days[-1]}.",
        "net.logs_key: is ''; an output of another component, or its identifier as text.",
    ]


def test_faults_below_the_surface_are_told_at_their_path(rig: Any) -> None:
    pool = rig.pool(max_nodes=0, schedule=[{"cron": "daily", "min_nodes": 1, "max": 2}])
    faults = _refusal(rig, lambda: GpuCluster("cluster", rig.cluster(pools=[rig.pool(), pool])))

    assert faults == [
        "cluster.pools[1].schedule[0].max: is unknown; one of cron, min_nodes. Remove it.",
        "cluster.pools[1].max_nodes: is 0; greater than or equal to 1.",
        "cluster.pools[1].schedule[0].cron: is 'daily'; text that matches ^\\S+ \\S+ \\S+ \\S+ \\S+$.",
    ]


def test_a_budget_tells_somebody_each_once(rig: Any) -> None:
    bad = rig.budget(contacts=["ml@example.com", "nobody"], usd_per_month=0, actual_percent=[80, 80.0], forecast_percent=[-1])

    assert _refusal(rig, lambda: Budget("budget", bad)) == [
        "budget.contacts[1]: is 'nobody'; an e-mail address, as ml-platform@example.com.",
        "budget.actual_percent: has 80.0 more than once; each once.",
        "budget.forecast_percent[0]: is -1; greater than 0.",
        "budget.usd_per_month: is 0; greater than or equal to 1.",
    ]
    assert _refusal(rig, lambda: Budget("budget", rig.budget(contacts=[])))[0].startswith("budget.contacts: is []; ")


def test_a_pool_agrees_with_itself(rig: Any) -> None:
    pool = rig.pool(min_nodes=3, max_nodes=2)

    assert _refusal(rig, lambda: AutoscalingGroup("group", rig.group(pool=pool))) == ["group.pool.max_nodes: is 2; min_nodes 3 or more."]


def test_a_schedule_stays_below_the_ceiling_and_has_one_change_at_a_time(rig: Any) -> None:
    at_eight = {"cron": "0 8 * * *", "min_nodes": 11}
    pool = rig.pool(schedule=[at_eight, at_eight])

    assert _refusal(rig, lambda: AutoscalingGroup("group", rig.group(pool=pool))) == [
        "group.pool.schedule: wants 11 nodes at '0 8 * * *'; up to max_nodes 10.",
        "group.pool.schedule: wants 11 nodes at '0 8 * * *'; up to max_nodes 10.",
        "group.pool.schedule: has '0 8 * * *' more than once; a time of its own for each change.",
    ]


def test_pools_of_one_name_or_of_the_clusters_own_are_refused(rig: Any) -> None:
    pools = [rig.pool(), rig.pool(), rig.pool(name="system")]

    assert _refusal(rig, lambda: GpuCluster("cluster", rig.cluster(pools=pools))) == [
        "cluster.pools: has the name 'chat' more than once; a name of its own for each pool.",
        "cluster.pools: has the name 'system', which is that of the cluster's own nodes; another name.",
    ]


@pytest.mark.parametrize("scope", [None, "prod", 3, []])
def test_a_scope_that_is_none_is_refused(rig: Any, scope: object) -> None:
    (fault,) = _refusal(rig, lambda: Keys("keys", {"scope": scope}))

    assert fault.startswith("keys.scope: is ")


def test_a_cloud_that_is_none_is_refused(rig: Any) -> None:
    faults = _refusal(rig, lambda: Keys("keys", {"scope": rig.scope | {"cloud": "os"}}))

    assert faults == ["scope.cloud: is 'os'; choose aws."]


def test_what_a_cloud_cannot_do_is_refused_with_what_to_do_instead(rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    lesser = ModuleType("lesser")
    lesser.MISSING = {Capability.CLUSTER_SCHEDULE: "leave the schedule out"}
    monkeypatch.setattr(contract.importlib, "import_module", lambda _: lesser)

    faults = _refusal(rig, lambda: GpuCluster("cluster", rig.cluster()))

    assert faults == [f"scope.cloud: {rig.cloud} has no scheduled bounds of a cluster's node pool; leave the schedule out."]


def test_a_refused_component_registers_nothing(rig: Any) -> None:
    heard: list[str] = []

    def program() -> None:
        with pytest.raises(BadArgs):
            Storage("storage", rig.storage(noncurrent_days=0))
        heard.append("refused")

    graph = rig.build(program)

    assert heard == ["refused"]
    assert graph.resources == ()


def test_a_cluster_may_have_no_gpu_pool_and_no_administrator(rig: Any) -> None:
    known: list[dict[str, str]] = []

    def program() -> None:
        cluster = GpuCluster("cluster", rig.cluster(pools=[], administrators=[]))
        cluster.pools.apply(known.append)

    rig.build(program)

    assert known == [{}]


def test_two_components_of_one_kind_share_no_name(rig: Any) -> None:
    def program() -> None:
        for name in ("one", "two"):
            AutoscalingGroup(name, rig.group())

    urns = [one.urn for one in rig.build(program).resources]

    assert len(urns) == len(set(urns))
