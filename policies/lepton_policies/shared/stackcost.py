"""The stack's dollars: what a month costs as planned and at the largest, held to what may be spent and to what it was before.

The rules take the numbers of `lepton cost`; at the largest, every autoscaler is at its most. Of all resources the dearest answers for the
stack, so that a stack has one finding of a rule, and that one says where to begin.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Final, NamedTuple

from lepton_infra.rules.card import On, Setting, Severity, stack_rule
from lepton_infra.rules.outside import Bill, Month
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import UNKNOWN, number_in
from lepton_infra.rules.verdict import PASS, Verdict
from lepton_infra.rules.view import Resource
from lepton_policies.shared.dollars import dollars, gaps_of, largest, open_prices

_NODE_GROUP: Final = "aws:eks/nodeGroup:NodeGroup"
_DATABASE: Final = "aws:rds/instance:Instance"
_KEY: Final = "aws:kms/key:Key"
_NODE_POOL: Final = "gcp:container/nodePool:NodePool"
_AGENT_POOL: Final = "azure-native:containerservice:AgentPool"

AWS_PRICED: Final = (
    _NODE_GROUP,
    "aws:autoscaling/group:Group",
    "aws:alb/loadBalancer:LoadBalancer",
    "aws:ebs/volume:Volume",
    "aws:ec2/eip:Eip",
    "aws:ec2/instance:Instance",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws:ec2/vpnConnection:VpnConnection",
    "aws:ec2transitgateway/vpcAttachment:VpcAttachment",
    "aws:efs/fileSystem:FileSystem",
    "aws:eks/cluster:Cluster",
    "aws:elasticache/cluster:Cluster",
    "aws:elasticache/replicationGroup:ReplicationGroup",
    "aws:elb/loadBalancer:LoadBalancer",
    "aws:fsx/lustreFileSystem:LustreFileSystem",
    _KEY,
    "aws:kms/replicaKey:ReplicaKey",
    "aws:lb/loadBalancer:LoadBalancer",
    _DATABASE,
    "aws:secretsmanager/secret:Secret",
)
"""What `lepton cost` prices of AWS."""
GCP_PRICED: Final = (
    _NODE_POOL,
    "gcp:compute/address:Address",
    "gcp:compute/disk:Disk",
    "gcp:compute/forwardingRule:ForwardingRule",
    "gcp:compute/globalAddress:GlobalAddress",
    "gcp:compute/globalForwardingRule:GlobalForwardingRule",
    "gcp:compute/instance:Instance",
    "gcp:compute/instanceGroupManager:InstanceGroupManager",
    "gcp:compute/regionInstanceGroupManager:RegionInstanceGroupManager",
    "gcp:compute/routerNat:RouterNat",
    "gcp:compute/vPNTunnel:VPNTunnel",
    "gcp:container/cluster:Cluster",
    "gcp:kms/cryptoKey:CryptoKey",
    "gcp:secretmanager/secretVersion:SecretVersion",
)
"""What it prices of Google Cloud."""
AZURE_PRICED: Final = (
    _AGENT_POOL,
    "azure-native:compute:Disk",
    "azure-native:compute:VirtualMachine",
    "azure-native:compute:VirtualMachineScaleSet",
    "azure-native:containerservice:ManagedCluster",
    "azure-native:network:LoadBalancer",
    "azure-native:network:NatGateway",
    "azure-native:network:PrivateEndpoint",
    "azure-native:network:PublicIPAddress",
)
"""What it prices of Azure."""
_PRICED: Final = (
    *AWS_PRICED,
    *GCP_PRICED,
    *AZURE_PRICED,
    "kubernetes:core/v1:PersistentVolumeClaim",
    "kubernetes:core/v1:Service",
)
_NOBODY: Final = "is priced by nobody here"
_EAST: Final = {"region": "us-east-1"}
_POOL: Final = {"instanceTypes": ["p5.48xlarge"], "scalingConfig": {"minSize": 0, "maxSize": 4}, "diskSize": 100}
_LARGER: Final = {**_POOL, "scalingConfig": {"minSize": 0, "maxSize": 8}}
_OPEN: Final = {**_POOL, "scalingConfig": {"minSize": 0, "maxSize": UNKNOWN}}
_AZURE_POOL: Final = {"vmSize": "Standard_ND96isr_H100_v5", "maxCount": 4, "minCount": 0, "enableAutoScaling": True, "osDiskSizeGB": 128}
_TWO: Final = {**_POOL, "scalingConfig": {"minSize": 2, "maxSize": 4, "desiredSize": 2}}


class _Size(NamedTuple):
    """A size at which a stack is priced."""

    words: str
    """Before the dollars."""
    of: Callable[[Bill], float]
    """Dollars of the whole."""
    part: Callable[[Month], float]
    """Dollars of a part."""


_PLANNED: Final = _Size("", attrgetter("planned"), attrgetter("expected"))
_MOST: Final = _Size("up to ", attrgetter("most"), attrgetter("high"))


def _is_the_dearest(resource: Resource, stack: Stack, bill: Bill) -> bool:
    """Tell whether a resource answers for its stack: it costs the most at the most, and of equals has the first URN."""

    def rank(urn: str) -> tuple[float, str]:
        return (-bill.months[urn].high if urn in bill.months else 0.0, urn)

    return resource.its_subject.urn == min((one.its_subject.urn for one in stack.of(*_PRICED)), key=rank)


@stack_rule(
    "cost-stack-max",
    Severity.HIGH,
    *_PRICED,
    why="Autoscalers do what they are allowed to: what a month costs with each at its most is what somebody has agreed to pay.",
    fix="Lower the largest sizes of the parts named, or agree to more: `budget.at_most_usd_per_month` or the setting `maxMonthlyUsd`.",
    references=("infracost:totalThreshold", "https://github.com/clstokes/pulumi-policy-aws-cost"),
    settings={
        "maxMonthlyUsd": Setting(0, "US dollars that a month of any stack may cost at the most; 0 sets no limit"),
        "stackMaxUsd": Setting(0, "US dollars that this stack may; the lower of the two holds", "budget.at_most_usd_per_month"),
    },
    good=[
        On(_NODE_GROUP, _POOL, provider=_EAST, settings={"maxMonthlyUsd": 1_000_000}),
        On(_NODE_GROUP, _POOL, provider=_EAST),
        On(_KEY, {}, provider=_EAST, settings={"maxMonthlyUsd": 2, "stackMaxUsd": 3}),
    ],
    bad=[
        On(_NODE_GROUP, _POOL, provider=_EAST, settings={"maxMonthlyUsd": 100_000}),
        On(_NODE_GROUP, _POOL, provider=_EAST, settings={"stackMaxUsd": 100_000}),
        On(_NODE_GROUP, _POOL, provider=_EAST, settings={"maxMonthlyUsd": 100_000, "stackMaxUsd": 1_000_000}),
        On(
            _NODE_GROUP,
            _POOL,
            provider=_EAST,
            settings={"maxMonthlyUsd": 100_000},
            around={"odd": On("aws:sagemaker/endpoint:Endpoint", {})},
        ),
        On(_AGENT_POOL, _AZURE_POOL, provider={"location": "eastus"}, settings={"maxMonthlyUsd": 50_000}),
    ],
    unknown=[
        On(_NODE_GROUP, _OPEN, provider=_EAST, settings={"maxMonthlyUsd": 1_000_000}),
        On(_NODE_POOL, {"autoscaling": UNKNOWN}, provider={"region": "us-central1"}, settings={"maxMonthlyUsd": 100_000}),
        On(_NODE_GROUP, {**_POOL, "instanceTypes": ["p99.huge"]}, provider=_EAST, settings={"maxMonthlyUsd": 1_000_000}),
        On(_KEY, {}, provider=_EAST, settings={"maxMonthlyUsd": 2}, around={"odd": On("aws:sagemaker/endpoint:Endpoint", {})}),
    ],
)
def worst_case_is_allowed(resource: Resource, stack: Stack) -> Verdict:
    """A month with every autoscaler at its most costs no more than may be spent."""
    return _held_to(resource, stack, _MOST, "maxMonthlyUsd", "stackMaxUsd")


@stack_rule(
    "cost-stack-budget",
    Severity.MEDIUM,
    *_PRICED,
    why="A plan dearer than its own budget is known to break it before the first machine runs; the notice would come when it is spent.",
    fix="Raise `budget.usd_per_month` of the stack file where the plan is meant; else lower the parts named, or plan for less.",
    references=("infracost:totalThreshold",),
    settings={"monthlyUsd": Setting(0, "US dollars that a month is to cost as planned; 0 sets no limit", "budget.usd_per_month")},
    good=[
        On(_NODE_GROUP, _POOL, provider=_EAST, settings={"monthlyUsd": 50_000}),
        On(_NODE_GROUP, _TWO, provider=_EAST, settings={"monthlyUsd": 100_000}),
        On(_NODE_GROUP, _TWO, provider=_EAST),
    ],
    bad=[
        On(_NODE_GROUP, _TWO, provider=_EAST, settings={"monthlyUsd": 50_000}),
        On(_NODE_GROUP, _TWO, provider=_EAST, settings={"monthlyUsd": 50_000}, around={"odd": On("aws:sagemaker/endpoint:Endpoint", {})}),
    ],
    unknown=[
        On(_NODE_GROUP, {**_POOL, "scalingConfig": {"minSize": UNKNOWN, "maxSize": 4}}, provider=_EAST, settings={"monthlyUsd": 50_000}),
        On(_KEY, {}, provider=_EAST, settings={"monthlyUsd": 2}, around={"odd": On("aws:sagemaker/endpoint:Endpoint", {})}),
    ],
)
def planned_month_is_in_the_budget(resource: Resource, stack: Stack) -> Verdict:
    """A month as planned costs no more than the stack's budget says."""
    return _held_to(resource, stack, _PLANNED, "monthlyUsd")


def _held_to(resource: Resource, stack: Stack, size: _Size, *settings: str) -> Verdict:
    """Return whether all that a stack costs at a size stays within the lowest limit that a setting says, US dollars a month."""
    said = [number_in(resource.its_settings[name].raw_value()) for name in settings]
    if None in said:
        return resource.undecided_because("has a limit that is no number of dollars")
    limit = min((usd for usd in said if usd), default=0.0)
    bill = stack.bill() if limit else None
    if bill is None:
        return resource.undecided_because(_NOBODY) if limit else PASS
    if not _is_the_dearest(resource, stack, bill):
        return PASS
    usd = size.of(bill)
    if usd > limit:
        parts = largest((urn, size.part(month)) for urn, month in bill.months.items() if size.part(month))
        whole = f"is the dearest of a stack that costs {size.words}{dollars(usd)} a month"
        return resource.fail_because(f"{whole}, above {dollars(limit)}: {parts}")
    gaps = gaps_of(bill)
    part = f"is part of a stack that costs {size.words}{dollars(usd)} a month, where {dollars(limit)} are allowed,"
    return resource.undecided_because(f"{part} without {open_prices(gaps)}") if gaps else PASS


@stack_rule(
    "cost-stack-rise",
    Severity.MEDIUM,
    *_PRICED,
    why="A change of one number can double what the worst month costs, and a diff of numbers is easily waved through.",
    fix="Lower the largest sizes of the parts named, or raise the setting `maxRisePercent` where the rise is meant.",
    references=("infracost:increaseThreshold",),
    settings={"maxRisePercent": Setting(50, "percent that a change may add to what a month costs at the most")},
    good=[
        On(_NODE_GROUP, _LARGER, provider=_EAST),
        On(_NODE_GROUP, _POOL, provider=_EAST, before={"it": On(_NODE_GROUP, _LARGER, provider=_EAST)}),
        On(_NODE_GROUP, _LARGER, provider=_EAST, before={"it": On(_NODE_GROUP, _POOL, provider=_EAST)}, settings={"maxRisePercent": 101}),
        On(
            _NODE_GROUP,
            _POOL,
            provider=_EAST,
            around={"odd": On("aws:sagemaker/endpoint:Endpoint", {})},
            before={"it": On(_NODE_GROUP, _POOL, provider=_EAST), "odd": On("aws:sagemaker/endpoint:Endpoint", {})},
        ),
    ],
    bad=[On(_NODE_GROUP, _LARGER, provider=_EAST, before={"it": On(_NODE_GROUP, _POOL, provider=_EAST)})],
    unknown=[
        On(_NODE_GROUP, _OPEN, provider=_EAST, before={"it": On(_NODE_GROUP, _POOL, provider=_EAST)}),
        On(_NODE_GROUP, _LARGER, provider=_EAST, before={"it": On(_NODE_GROUP, _OPEN, provider=_EAST)}),
        On(
            _NODE_GROUP,
            _POOL,
            provider=_EAST,
            around={"odd": On("aws:sagemaker/endpoint:Endpoint", {})},
            before={"it": On(_NODE_GROUP, _POOL, provider=_EAST)},
        ),
    ],
)
def worst_case_rises_little(resource: Resource, stack: Stack) -> Verdict:
    """A change adds little to what a month costs at the most; judged where there is a base, as in `lepton review`."""
    before = stack.bill_before()
    if before is None or (not before.months and not before.gaps):
        return PASS
    bill, percent = stack.bill(), number_in(resource.its_settings.maxRisePercent.raw_value())
    if bill is None or percent is None:
        return resource.undecided_because(_NOBODY if bill is None else "may rise by what is no number of percent")
    if not _is_the_dearest(resource, stack, bill):
        return PASS
    now, were = gaps_of(bill), gaps_of(before)
    # What has no price and is asked for as before is no part of the difference; what had none may have cost as much as it does now.
    same = {gap for gap in now & were if gap[1].asked}
    if bill.most > before.most * (1 + percent / 100) and not were - same:
        return resource.fail_because(_rise(bill, before))
    left = (now | were) - same
    return resource.undecided_because(f"is part of a stack whose rise leaves out {open_prices(left)}") if left else PASS


def _rise(bill: Bill, before: Bill) -> str:
    """Return in words by how much a stack costs more, and which parts do."""
    risen = {urn: month.high - (before.months[urn].high if urn in before.months else 0.0) for urn, month in bill.months.items()}
    parts = largest((urn, usd) for urn, usd in risen.items() if usd > 0)
    more = f"{bill.most / before.most - 1:.0%} more than" if before.most else "against"
    return f"is the dearest of a stack that costs up to {dollars(bill.most)} a month, {more} {dollars(before.most)} before; added: {parts}"
