"""Each cloud's table: what a resource costs follows from its inputs and from dated rows, and what does not is said."""

import csv
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from lepton_infra.catalog import machine
from lepton_infra.catalog.services import services
from lepton_infra.cost import Part, Reason
from lepton_infra.cost.bill import TARIFFS
from lepton_infra.cost.kit import Flat
from lepton_infra.graph.model import UNKNOWN
from tests.cost.graphs import HOURS, billed, resource, usd

AWS, GCP, AZURE = "aws", "gcp", "azure"


def _hourly(cloud: str, name: str, region: str) -> float:
    found = machine(cloud, name, region)
    assert found is not None
    return found.usd_per_hour


FLAT = [
    ("aws:ebs/volume:Volume", {"size": 100, "type": "io1", "iops": 2000}, 100 * 0.125 + 2000 * 0.065),
    ("aws:ebs/volume:Volume", {"size": 100}, 100 * usd(AWS, "ebs-gp2")),
    ("aws:ec2/eip:Eip", {}, usd(AWS, "public-ipv4-address") * HOURS),
    ("aws:lb/loadBalancer:LoadBalancer", {"loadBalancerType": "network"}, usd(AWS, "lb-network") * HOURS),
    ("aws:fsx/lustreFileSystem:LustreFileSystem", {"storageCapacity": 1200, "deploymentType": "SCRATCH_2"}, 1200 * 0.14),
    (
        "aws:fsx/lustreFileSystem:LustreFileSystem",
        {"storageCapacity": 2400, "deploymentType": "PERSISTENT_2", "perUnitStorageThroughput": 125},
        2400 * 0.145,
    ),
    ("aws:secretsmanager/secret:Secret", {}, 0.40),
    ("aws:ec2/vpnConnection:VpnConnection", {}, 0.05 * HOURS),
    (
        "aws:rds/instance:Instance",
        {"engine": "postgres", "instanceClass": "db.t4g.medium", "multiAz": True, "allocatedStorage": 50, "storageType": "gp3"},
        2 * (0.065 * HOURS + 50 * 0.115),
    ),
    ("aws:elasticache/cluster:Cluster", {"nodeType": "cache.m4.large", "numCacheNodes": 2}, 2 * 0.156 * HOURS),
    ("gcp:compute/disk:Disk", {"size": 500, "type": "pd-ssd", "zone": "us-central1-b"}, 500 * 0.17),
    ("gcp:compute/vPNTunnel:VPNTunnel", {"region": "us-central1"}, 0.05 * HOURS),
    ("gcp:kms/cryptoKey:CryptoKey", {}, 0.06),
    ("azure-native:compute:Disk", {"diskSizeGB": 100, "sku": {"name": "Premium_LRS"}, "location": "East US"}, 19.71),
    ("azure-native:network/v20240101:NatGateway", {"location": "eastus"}, 0.045 * HOURS),
    ("azure-native:network:PublicIPAddress", {"location": "eastus", "sku": {"name": "Standard"}}, 0.005 * HOURS),
    (
        "azure-native:network:VirtualNetworkGateway",
        {"location": "eastus", "gatewayType": "Vpn", "sku": {"name": "VpnGw2", "tier": "VpnGw2"}},
        0.49 * HOURS,
    ),
]


@pytest.mark.parametrize(("token", "inputs", "usd_per_month"), FLAT)
def test_what_is_always_there_costs_its_unit_price(token: str, inputs: dict[str, Any], usd_per_month: float) -> None:
    cost = billed(resource(token, "it", inputs))

    assert (cost.total.low, cost.total.high) == pytest.approx((usd_per_month, usd_per_month))
    assert all(one.reason is Reason.BY_USE for one in cost.unpriced)
    assert all(item.source and str(item.as_of) in item.basis for item in cost.items)


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        ({"gatewayType": "ExpressRoute", "sku": {"name": "ErGw1AZ"}}, "no price of gateways for ExpressRoute"),
        ({"gatewayType": "Vpn", "sku": {"name": "VpnGw9"}}, "no price of vpn-gateway-vpngw9 in eastus"),
    ],
)
def test_a_gateway_without_a_price_is_named_as_such(inputs: dict[str, Any], why: str) -> None:
    cost = billed(resource("azure-native:network:VirtualNetworkGateway", "it", {"location": "eastus", **inputs}))

    assert cost.items == ()
    assert why in {one.why for one in cost.unpriced}


@pytest.mark.parametrize(
    "token",
    ["gcp:compute/haVpnGateway:HaVpnGateway", "gcp:compute/vPNGateway:VPNGateway", "azure-native:network:LocalNetworkGateway"],
)
def test_what_is_billed_by_its_tunnels_or_gateway_is_free_itself(token: str) -> None:
    cost = billed(resource(token, "it", {"location": "eastus"}))

    assert (cost.items, cost.unpriced) == ((), ())


def test_a_control_plane_that_may_outlive_standard_support_may_cost_six_times_as_much() -> None:
    total = billed(resource("aws:eks/cluster:Cluster", "it", {})).total

    assert (total.low, total.expected, total.high) == pytest.approx((73, 73, 438))


def test_a_pool_of_google_counts_its_zones_and_its_spot_price() -> None:
    pool = {
        "location": "us-central1",
        "nodeLocations": ["us-central1-a", "us-central1-b"],
        "autoscaling": {"minNodeCount": 1, "maxNodeCount": 4},
        "nodeConfig": {"machineType": "a3-highgpu-8g", "spot": True, "diskSizeGb": 200, "diskType": "pd-ssd"},
    }
    h100 = machine(GCP, "a3-highgpu-8g", "us-central1")
    assert h100 is not None
    assert h100.spot_usd_per_hour is not None

    parts = billed(resource("gcp:container/nodePool:NodePool", "it", pool)).by_part()

    assert (parts[Part.COMPUTE].low, parts[Part.COMPUTE].high) == pytest.approx(
        (2 * h100.spot_usd_per_hour * HOURS, 8 * h100.spot_usd_per_hour * HOURS)
    )
    assert parts[Part.DISKS].high == pytest.approx(8 * 200 * 0.17)


def test_a_cluster_of_google_pays_for_its_default_pool_unless_it_is_removed() -> None:
    inputs = {"location": "us-central1-a", "initialNodeCount": 2, "nodeConfig": {"machineType": "n2-standard-4"}}
    kind = "gcp:container/cluster:Cluster"

    kept, removed = billed(resource(kind, "it", inputs)), billed(resource(kind, "it", {**inputs, "removeDefaultNodePool": True}))

    assert kept.by_part()[Part.COMPUTE].low == pytest.approx(2 * _hourly(GCP, "n2-standard-4", "us-central1") * HOURS)
    assert set(removed.by_part()) == {Part.CONTROL_PLANE}


def test_a_group_of_google_runs_between_its_autoscalers_bounds() -> None:
    template = resource("gcp:compute/instanceTemplate:InstanceTemplate", "t", {"machineType": "g2-standard-8", "disks": []})
    group = resource("gcp:compute/instanceGroupManager:InstanceGroupManager", "g", {"zone": "us-central1-a", "targetSize": 3}, template)
    bounds = {"autoscalingPolicy": {"minReplicas": 1, "maxReplicas": 9}}
    scaler = resource("gcp:compute/autoscaler:Autoscaler", "s", bounds, group)
    hourly = _hourly(GCP, "g2-standard-8", "us-central1") * HOURS

    total = billed(template, group, scaler).total

    assert (total.low, total.expected, total.high) == pytest.approx((hourly, 3 * hourly, 9 * hourly))


def test_pools_of_azure_stand_in_the_cluster_or_beside_it() -> None:
    pool = {"count": 2, "minCount": 1, "maxCount": 5, "enableAutoScaling": True, "vmSize": "Standard_D4s_v5", "osDiskType": "Ephemeral"}
    cluster = resource("azure-native:containerservice:ManagedCluster", "c", {"location": "eastus", "agentPoolProfiles": [pool]})
    beside = resource("azure-native:containerservice:AgentPool", "p", pool, cluster)
    hourly = _hourly(AZURE, "Standard_D4s_v5", "eastus") * HOURS

    total = billed(cluster, beside).total

    assert (total.low, total.expected, total.high) == pytest.approx((2 * hourly, 4 * hourly, 10 * hourly))


def test_a_scale_set_runs_between_the_bounds_of_its_setting() -> None:
    scale_set = resource(
        "azure-native:compute:VirtualMachineScaleSet", "v", {"location": "eastus", "sku": {"name": "Standard_D2s_v5", "capacity": 2}}
    )
    bounds = {"profiles": [{"capacity": {"minimum": "1", "maximum": "6", "default": "2"}}]}
    setting = resource("azure-native:insights:AutoscaleSetting", "s", bounds, scale_set)
    hourly = _hourly(AZURE, "Standard_D2s_v5", "eastus") * HOURS

    total = billed(scale_set, setting).total

    assert (total.low, total.expected, total.high) == pytest.approx((hourly, 2 * hourly, 6 * hourly))


def test_a_mixed_group_runs_from_its_cheapest_type_to_its_dearest_and_partly_on_spot() -> None:
    template = resource("aws:ec2/launchTemplate:LaunchTemplate", "t", {"blockDeviceMappings": [{"ebs": {"volumeSize": 1}}]})
    policy = {
        "launchTemplate": {"overrides": [{"instanceType": "g6.2xlarge"}, {"instanceType": "g6.xlarge"}]},
        "instancesDistribution": {"onDemandBaseCapacity": 2, "onDemandPercentageAboveBaseCapacity": 0},
    }
    group = resource("aws:autoscaling/group:Group", "g", {"minSize": 2, "maxSize": 4, "mixedInstancesPolicy": policy}, template)
    small, large = (machine(AWS, name, "us-east-1") for name in ("g6.xlarge", "g6.2xlarge"))
    assert small is not None
    assert large is not None
    spot = max(one.spot_usd_per_hour or 0 for one in (small, large))

    compute = billed(template, group).by_part()[Part.COMPUTE]

    assert compute.low == pytest.approx(2 * small.usd_per_hour * HOURS)
    assert compute.high == pytest.approx((2 * large.usd_per_hour + 2 * spot) * HOURS)


@pytest.mark.parametrize(("said", "nodes"), [("6.5", 6.5), ("1", 2), ("99", 10), ("many", 4), ("nan", 4), (UNKNOWN, 4), (7, 4)])
def test_a_group_that_load_scales_says_what_the_plan_expects_of_it(said: object, nodes: float) -> None:
    template = resource("aws:ec2/launchTemplate:LaunchTemplate", "t", {"instanceType": "p5.4xlarge"})
    bounds = {"minSize": 2, "desiredCapacity": 4, "maxSize": 10}
    group = resource("aws:autoscaling/group:Group", "g", {**bounds, "tags": [{"key": "planned-nodes", "value": said}]}, template)
    scaling = {"scalingConfig": {"minSize": 2, "desiredSize": 4, "maxSize": 10}, "instanceTypes": ["p5.4xlarge"]}
    managed = resource("aws:eks/nodeGroup:NodeGroup", "n", {**scaling, "tags": {"planned-nodes": said}})

    for month in (billed(template, group), billed(managed)):
        compute = month.by_part()[Part.COMPUTE]
        assert compute.expected == pytest.approx(nodes * _hourly(AWS, "p5.4xlarge", "us-east-1") * HOURS)
        assert (compute.low, compute.high) == pytest.approx((compute.expected * 2 / nodes, compute.expected * 10 / nodes))


UNPRICED: list[tuple[str, dict[str, Any], Reason]] = [
    ("aws:ec2/instance:Instance", {"instanceType": UNKNOWN, "rootBlockDevice": {"volumeSize": UNKNOWN}}, Reason.UNDECIDED),
    ("aws:ec2/instance:Instance", {"instanceType": "z9.huge", "rootBlockDevice": {"volumeType": "gp9", "volumeSize": 1}}, Reason.NO_PRICE),
    ("aws:eks/nodeGroup:NodeGroup", {"instanceTypes": ["m7i.large"], "scalingConfig": UNKNOWN}, Reason.UNDECIDED),
    ("aws:kms/key:Key", {"region": "mars-north-1"}, Reason.NO_PRICE),
    ("aws:kms/key:Key", {"region": UNKNOWN}, Reason.UNDECIDED),
    ("aws:ebs/volume:Volume", {"type": "gp3", "size": "many"}, Reason.NO_PRICE),
    ("aws:ebs/volume:Volume", {"type": "gp3", "size": -5}, Reason.NO_PRICE),
    ("aws:ebs/volume:Volume", {"type": "gp3", "size": 1e308}, Reason.NO_PRICE),
    ("aws:ebs/volume:Volume", {"type": "gp3", "size": True}, Reason.NO_PRICE),
    ("aws:ebs/volume:Volume", {"type": {"a": 1}, "size": [1]}, Reason.NO_PRICE),
    ("gcp:container/nodePool:NodePool", {"location": UNKNOWN, "nodeConfig": {"machineType": "n2-standard-4"}}, Reason.UNDECIDED),
    ("gcp:compute/disk:Disk", {"size": 10, "type": "hyperdisk-ml", "zone": "us-central1-a"}, Reason.NO_PRICE),
    ("azure-native:compute:Disk", {"diskSizeGB": 512, "sku": {"name": "Premium_LRS"}, "location": "eastus"}, Reason.NO_PRICE),
    ("azure-native:compute:Disk", {"diskSizeGB": 99999, "sku": {"name": "Premium_LRS"}, "location": "eastus"}, Reason.NO_PRICE),
    ("kubernetes:core/v1:Service", {"spec": {"type": "LoadBalancer"}}, Reason.NO_PRICE),
]


@pytest.mark.parametrize(("token", "inputs", "reason"), UNPRICED)
def test_what_nobody_knows_is_said_and_never_zero(token: str, inputs: dict[str, Any], reason: Reason) -> None:
    cost = billed(resource(token, "it", inputs))

    assert cost.items == ()
    assert {one.reason for one in cost.unpriced} == {reason}
    assert all(one.names == ("it",) and one.why for one in cost.unpriced)


def test_one_missing_price_takes_no_other_from_the_bill() -> None:
    disk = {"volumeType": "gp9", "volumeSize": 10}
    cost = billed(resource("aws:ec2/instance:Instance", "it", {"instanceType": "m7i.large", "rootBlockDevice": disk}))

    assert [item.part for item in cost.items] == [Part.COMPUTE]
    assert [one.why for one in cost.unpriced] == ["no price of ebs-gp9 in us-east-1"]


def test_what_runs_on_nodes_costs_nothing_beside_them() -> None:
    cost = billed(resource("kubernetes:apps/v1:Deployment", "it", {}), resource("random:index/randomId:RandomId", "other", {}))

    assert (cost.items, cost.unpriced) == ((), ())


def test_machines_carry_carbon_and_nothing_else_does() -> None:
    cost = billed(resource("aws:ec2/instance:Instance", "it", {"instanceType": "m7i.large", "rootBlockDevice": {"volumeSize": 10}}))

    by_part = {item.part: item.kg_co2e_per_month for item in cost.items}
    assert by_part[Part.COMPUTE] is not None
    assert by_part[Part.COMPUTE].low > 0
    assert by_part[Part.DISKS] is None
    assert cost.kg_co2e == by_part[Part.COMPUTE]


@pytest.mark.parametrize("module", sorted({*TARIFFS.values()} - {"kubernetes"}))
def test_a_type_stands_in_one_place_and_every_flat_price_is_in_the_catalogue(module: str) -> None:
    tariff: Any = import_module(f"lepton_infra.cost.{module}")
    with (Path(tariff.__file__).parent / "data" / f"{module}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    known = {price.service for price in services() if price.cloud == tariff.CLOUD}

    assert {row["type"] for row in rows} & set(tariff.PRICERS) == set()
    assert [row for row in rows if (row["billed_by"] == "nothing") != (row["what"] == "")] == []
    assert all(row["type"].partition(":")[0] == token.partition(":")[0] for row in rows for token in tariff.PRICERS)
    assert {pricer.service for pricer in tariff.PRICERS.values() if isinstance(pricer, Flat)} <= known
