"""The bill of a graph: what is priced, over which range, and what is said of the rest."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.catalog import load_catalog, machine, service_price
from lepton_infra.cost import Cost, Part, Reason, bill
from lepton_infra.cost.schedule import average, minute_of_day
from lepton_infra.graph import Graph, Resource
from lepton_infra.graph.model import UNKNOWN

REGION = "us-east-1"
HOURS = 730


def _resource(token: str, name: str, inputs: dict[str, Any], *needs: str) -> Resource:
    return Resource(_urn(token, name), token, name, None, custom=True, inputs=inputs, outputs={}, dependencies=needs, protect=False)


def _urn(token: str, name: str) -> str:
    return f"urn:pulumi:dev::lepton::{token}::{name}"


def _bill(*resources: Resource) -> Cost:
    provider = _resource("pulumi:providers:aws", "aws", {"region": REGION})
    return bill(Graph("lepton", "dev", (provider, *resources)), load_catalog())


def _usd(service: str) -> float:
    price = service_price("aws", REGION, service)
    assert price is not None
    return price.usd


TEMPLATE = _resource(
    "aws:ec2/launchTemplate:LaunchTemplate",
    "gpu",
    {"instanceType": "p5.4xlarge", "blockDeviceMappings": [{"ebs": {"volumeType": "gp3", "volumeSize": 200, "iops": 4000}}]},
)
GROUP = _resource(
    "aws:autoscaling/group:Group", "workers", {"minSize": 2, "maxSize": 10, "launchTemplate": {"id": "lt-1", "version": "1"}}, TEMPLATE.urn
)


def test_a_group_costs_its_nodes_and_their_disks_from_fewest_to_most() -> None:
    h100 = machine("aws", "p5.4xlarge", REGION)
    assert h100 is not None

    cost = _bill(TEMPLATE, GROUP)

    compute, disks = cost.by_part()[Part.COMPUTE], cost.by_part()[Part.DISKS]
    assert compute.low == pytest.approx(2 * h100.usd_per_hour * HOURS)
    assert compute.high == pytest.approx(10 * h100.usd_per_hour * HOURS)
    assert disks.low == pytest.approx(2 * (200 * _usd("ebs-gp3") + 1000 * _usd("ebs-gp3-iops")))
    assert str(h100.price_date) in cost.items[0].basis
    assert cost.unpriced == ()


def test_a_schedule_says_how_many_nodes_are_expected() -> None:
    schedules = [
        _resource("aws:autoscaling/schedule:Schedule", f"at{hour}", {"recurrence": f"0 {hour} * * *", "minSize": size}, GROUP.urn)
        for hour, size in [(6, 8), (18, 4)]
    ]

    cost = _bill(TEMPLATE, GROUP, *schedules)

    low, expected, high = (getattr(cost.by_part()[Part.COMPUTE], name) for name in ("low", "expected", "high"))
    assert (low / 4, expected / 6) == pytest.approx((high / 10, high / 10))


def test_a_node_group_takes_its_machine_from_its_launch_template() -> None:
    pool = _resource("aws:eks/nodeGroup:NodeGroup", "gpu", {"scalingConfig": {"minSize": 1, "desiredSize": 3, "maxSize": 5}}, TEMPLATE.urn)

    assert _bill(TEMPLATE, pool).items[0].basis.startswith("3.0 x p5.4xlarge at ")


SPOT_GROUP = _resource(
    "aws:autoscaling/group:Group",
    "workers",
    {
        "minSize": 2,
        "maxSize": 4,
        "mixedInstancesPolicy": {"instancesDistribution": {"onDemandBaseCapacity": 0, "onDemandPercentageAboveBaseCapacity": 0}},
    },
    "urn:pulumi:dev::lepton::aws:ec2/launchTemplate:LaunchTemplate::big",
)
SPOT_NODES = _resource(
    "aws:eks/nodeGroup:NodeGroup",
    "gpu",
    {"capacityType": "SPOT", "scalingConfig": {"minSize": 2, "desiredSize": 2, "maxSize": 4}},
    "urn:pulumi:dev::lepton::aws:ec2/launchTemplate:LaunchTemplate::big",
)


@pytest.mark.parametrize("bought", [SPOT_GROUP, SPOT_NODES], ids=["group", "node group"])
def test_what_is_bought_as_spot_is_billed_at_the_spot_price_of_its_day(bought: Resource) -> None:
    big = machine("aws", "p5.48xlarge", REGION)
    assert big is not None
    assert big.spot_usd_per_hour is not None
    template = _resource("aws:ec2/launchTemplate:LaunchTemplate", "big", {"instanceType": "p5.48xlarge"})

    (item,) = (one for one in _bill(template, bought).items if one.part is Part.COMPUTE)

    assert item.usd_per_month.low == pytest.approx(2 * big.spot_usd_per_hour * HOURS)
    assert item.usd_per_month.high == pytest.approx(4 * big.spot_usd_per_hour * HOURS)
    assert "x p5.48xlarge at" in item.basis
    assert "(spot" in item.basis
    assert str(big.spot_date or big.price_date) in item.basis


def test_a_spot_group_of_a_machine_without_a_spot_price_is_named_and_not_billed_on_demand() -> None:
    small = machine("aws", "p5.4xlarge", REGION)
    assert small is not None
    assert small.spot_usd_per_hour is None
    template = _resource("aws:ec2/launchTemplate:LaunchTemplate", "big", {"instanceType": "p5.4xlarge"})

    cost = _bill(template, SPOT_GROUP)

    assert cost.items == ()
    assert "no spot price of p5.4xlarge" in str(cost.unpriced)


def test_what_is_always_on_costs_the_same_at_every_size() -> None:
    cluster = _resource("aws:eks/cluster:Cluster", "cluster", {"upgradePolicy": {"supportType": "STANDARD"}})
    key = _resource("aws:kms/key:Key", "disks", {})
    endpoint = _resource("aws:ec2/vpcEndpoint:VpcEndpoint", "sts", {"vpcEndpointType": "Interface", "subnetIds": ["a", "b", "c"]})
    gateway = _resource("aws:ec2/vpcEndpoint:VpcEndpoint", "s3", {"vpcEndpointType": "Gateway"})

    cost = _bill(cluster, key, endpoint, gateway)

    fixed = _usd("eks-cluster") * HOURS + _usd("kms-key") + 3 * _usd("vpc-interface-endpoint") * HOURS
    assert (cost.total.low, cost.total.expected, cost.total.high) == pytest.approx((fixed, fixed, fixed))


def test_what_cannot_be_priced_is_named_and_counted() -> None:
    cost = _bill(
        _resource("aws:s3/bucket:Bucket", "data", {}),
        _resource("aws:s3/bucketV2:BucketV2", "logs", {}),
        _resource("aws:neptune/cluster:Cluster", "db", {}),
        _resource("gcp:storage/bucket:Bucket", "other", {}),
        _resource("oci:Core/instance:Instance", "far", {}),
        _resource("aws:autoscaling/group:Group", "odd", {"minSize": 1}, _urn(TEMPLATE.type, "nowhere")),
        _resource("aws:ebs/volume:Volume", "late", {"size": UNKNOWN, "type": "gp3"}),
        _resource("aws:iam/role:Role", "free", {}),
    )

    assert cost.items == ()
    assert [(one.type, one.count, one.reason, one.why) for one in cost.unpriced] == [
        ("aws:autoscaling/group:Group", 1, Reason.NO_PRICE, "no machine type in it or in its launch template"),
        ("aws:autoscaling/group:Group", 1, Reason.UNDECIDED, "the machine image decides on the disk"),
        ("aws:ebs/volume:Volume", 1, Reason.UNDECIDED, "volumeSize is known only after the update"),
        ("aws:neptune/cluster:Cluster", 1, Reason.NO_PRICE, "a type that is not priced yet"),
        ("aws:s3/bucket:Bucket", 2, Reason.BY_USE, "billed per GiB stored and per request"),
        ("gcp:storage/bucket:Bucket", 1, Reason.BY_USE, "billed per GiB stored and per request"),
        ("oci:Core/instance:Instance", 1, Reason.NO_PRICE, "a cloud that is not priced yet"),
    ]
    assert cost.unpriced[4].names == ("data", "logs")


@given(st.lists(st.tuples(st.integers(0, 1439), st.integers(0, 100)), min_size=1, max_size=24, unique_by=lambda change: change[0]))
def test_the_average_is_that_of_every_minute(changes: list[tuple[int, int]]) -> None:
    ordered = sorted(changes)
    minutes = [next((value for start, value in reversed(ordered) if start <= minute), ordered[-1][1]) for minute in range(1440)]

    assert average(changes) == pytest.approx(sum(minutes) / 1440)


@pytest.mark.parametrize(
    ("cron", "minute"), [("45 5 * * *", 345), ("0 0 * * *", 0), ("0 0 * * 1", None), ("0 24 * * *", None), ("@daily", None), ("", None)]
)
def test_only_daily_changes_are_counted(cron: str, minute: int | None) -> None:
    assert minute_of_day(cron) == minute


def test_each_item_carries_the_day_of_its_unit_price() -> None:
    h100, disk = machine("aws", "p5.4xlarge", REGION), service_price("aws", REGION, "ebs-gp3")
    assert h100 is not None
    assert disk is not None

    cost = _bill(TEMPLATE, GROUP)

    assert [item.as_of for item in cost.items] == [h100.price_date, disk.as_of]
    assert all(str(item.as_of) in item.basis for item in cost.items)
