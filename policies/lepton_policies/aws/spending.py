"""Spending: somebody hears of it before the bill comes, and disks are no dearer than they need to be."""

from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.card import IT, On, Setting, Severity, rule, stack_rule
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import ABSENT, UNKNOWN
from lepton_infra.rules.verdict import PASS, Verdict, all_of, none_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.aws.gpupool import has_accelerators_among
from lepton_policies.shared.dollars import with_price
from lepton_policies.shared.keys import EXAMPLE_KEY, WHY_OWN_KEY

_BUDGET: Final = "aws:budgets/budget:Budget"
_NODE_GROUP: Final = "aws:eks/nodeGroup:NodeGroup"
_GROUP: Final = "aws:autoscaling/group:Group"
_VOLUME: Final = "aws:ebs/volume:Volume"
_ATTACHMENT: Final = "aws:ec2/volumeAttachment:VolumeAttachment"
_PERSISTENT: Final = "kubernetes:core/v1:PersistentVolume"
_TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
_INSTANCE: Final = "aws:ec2/instance:Instance"
_POOL: Final = {"instanceTypes": ["p5.48xlarge"]}
_LIMIT: Final = {"budgetType": "COST", "timeUnit": "MONTHLY", "limitAmount": "5000", "limitUnit": "USD"}
_HEARD: Final = {"subscriberEmailAddresses": ["ml@example.com"], "threshold": 80}


@stack_rule(
    "cost-budget-exists",
    Severity.MEDIUM,
    _NODE_GROUP,
    _GROUP,
    why="A GPU pool that grows by mistake costs more in a night than most teams in a month; without a budget the bill is first to say so.",
    fix="Add `budget` to the stack file or an `aws.budgets.Budget` with notifications to the program, or set `sharedBudget` of this rule.",
    references=("infracost:guardrail",),
    settings={"sharedBudget": Setting("", "name of a budget elsewhere that this stack counts toward")},
    good=[On(_NODE_GROUP, _POOL, around={"b": On(_BUDGET, {**_LIMIT, "notifications": [_HEARD]})}), {"instanceTypes": ["m7i.large"]}],
    bad=[_POOL, On(_NODE_GROUP, _POOL, around={"b": On(_BUDGET, _LIMIT)})],
    unknown=[On(_NODE_GROUP, _POOL, around={"b": On(_BUDGET, {**_LIMIT, "notifications": UNKNOWN})}), {"instanceTypes": UNKNOWN}],
)
def somebody_hears_of_it(pool: Resource, stack: Stack) -> Verdict:
    """A stack with GPUs has a budget that tells somebody."""
    budgets = (budget.notifications.is_set() for budget in stack.of(_BUDGET))
    has_budget = PASS if pool.its_settings.sharedBudget.raw_value() else pool.has_some("budget that tells somebody", budgets)
    return ~has_accelerators_among(pool, stack) | has_budget


@rule(
    "cost-budget-notify",
    Severity.LOW,
    _BUDGET,
    why="A budget that tells nobody is a number.",
    fix="Set `subscriber_email_addresses` or `subscriber_sns_topic_arns` in every entry of `notifications`.",
    references=("https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html",),
    good=[{"notifications": [_HEARD]}, {"notifications": [{"subscriberSnsTopicArns": [UNKNOWN], "threshold": 100}]}],
    bad=[{}, {"notifications": []}, {"notifications": [_HEARD, {"threshold": 100}]}],
    unknown=[{"notifications": UNKNOWN}],
)
def budget_tells_somebody(budget: Resource) -> Verdict:
    """Every notice of a budget goes to somebody."""
    told = (one.subscriberEmailAddresses.is_set() | one.subscriberSnsTopicArns.is_set() for one in budget.notifications)
    return budget.notifications.is_set() & all_of(told)


def _disks(resource: Resource) -> Iterator[View]:
    """Iterate over the disks that a resource is or makes."""
    if resource.type_token == _TEMPLATE:
        yield from (mapping.ebs for mapping in resource.blockDeviceMappings)
    elif resource.type_token == _INSTANCE:
        yield from (resource.rootBlockDevice, *resource.ebsBlockDevices)
    else:
        yield resource


@rule(
    "cost-gp3",
    Severity.LOW,
    _VOLUME,
    _TEMPLATE,
    _INSTANCE,
    why="gp3 costs a fifth less than gp2 and is faster from the first GB; io2 costs what io1 does and lasts longer.",
    fix='Set `type` (`volume_type`) to "gp3", or "io2" where single volumes need more than 16,000 operations a second.',
    references=("infracost:gp3",),
    good=[{"type": "gp3"}, On(_TEMPLATE, {"blockDeviceMappings": [{"ebs": {"volumeType": "gp3"}}]}), On(_INSTANCE, {})],
    bad=[
        {"type": "gp2"},
        {"type": "io1"},
        On(_TEMPLATE, {"blockDeviceMappings": [{"ebs": {"volumeType": "gp3"}}, {"ebs": {"volumeType": "gp2"}}]}),
        On(_INSTANCE, {"rootBlockDevice": {"volumeType": "gp2"}}),
    ],
    unknown=[{"type": UNKNOWN}, On(_INSTANCE, {"ebsBlockDevices": UNKNOWN})],
)
def disk_is_of_a_current_type(resource: Resource) -> Verdict:
    """No disk is of a type that a better one costs no more than."""
    name = "type" if resource.type_token == _VOLUME else "volumeType"
    return none_of(disk[name].is_one_of("gp2", "io1") for disk in _disks(resource))


@rule(
    "cost-disk-oversize",
    Severity.LOW,
    _TEMPLATE,
    why="A template's disk is bought as often as the pool has nodes; weights lie better on the machine's own NVMe or in a shared cache.",
    fix="Set `volume_size` to what the images need, and keep weights on instance storage, FSx or S3.",
    references=("infracost:oversized-volumes",),
    settings={"maxGib": Setting(1000, "the largest disk of a node, in GiB")},
    good=[{"blockDeviceMappings": [{"ebs": {"volumeSize": 200}}]}, {}],
    bad=[{"blockDeviceMappings": [{"ebs": {"volumeSize": 100}}, {"ebs": {"volumeSize": 4000}}]}],
    unknown=[{"blockDeviceMappings": [{"ebs": {"volumeSize": UNKNOWN}}]}],
)
def node_disk_is_of_use(template: Resource) -> Verdict:
    """A node's disk is no larger than somebody could mean."""
    most = template.its_settings.maxGib
    return all_of(disk.volumeSize.or_default(0) <= most for disk in _disks(template))


@stack_rule(
    "cost-unused-volume",
    Severity.LOW,
    _VOLUME,
    why="A volume that hangs on no machine is billed by the month, and so are its snapshots.",
    fix="Add an `aws.ec2.VolumeAttachment`, or keep a snapshot and remove the volume.",
    references=("custodian:ebsgarbagecollect", "pulumi:aws-ts-finops"),
    good=[
        On(_VOLUME, {"size": 100}, around={"a": On(_ATTACHMENT, {"volumeId": IT, "instanceId": "i-1"})}),
        On(_VOLUME, {"size": 100}, around={"pv": On(_PERSISTENT, {"spec": {"csi": {"driver": "ebs.csi.aws.com", "volumeHandle": IT}}})}),
    ],
    bad=[{"size": 100}],
    unknown=[On(_VOLUME, {"size": 100}, around={"a": On(_ATTACHMENT, {"volumeId": UNKNOWN})})],
)
def volume_hangs_on_something(volume: Resource, stack: Stack) -> Verdict:
    """Every volume is attached to a machine, or is what a cluster's persistent volume stands for."""
    machines = (one.volumeId.refers_to(volume) for one in stack.of(_ATTACHMENT))
    pods = (
        one.spec.csi.volumeHandle.refers_to(volume) for one in stack.of(_PERSISTENT) if one.spec.csi.volumeHandle.raw_value() is not ABSENT
    )
    return with_price(volume.has_some("attachment", (*machines, *pods)), volume, stack)


@rule(
    "aws-ebs-cmk",
    Severity.LOW,
    _VOLUME,
    why=WHY_OWN_KEY,
    fix="Set `kms_key_id`.",
    references=("checkov:CKV_AWS_189", "trivy:AWS-0027"),
    good=[{"encrypted": True, "kmsKeyId": EXAMPLE_KEY}],
    bad=[{"encrypted": True}],
    unknown=[{"kmsKeyId": UNKNOWN}],
)
def volume_has_a_key(volume: Resource) -> Verdict:
    """A disk is under a key of yours."""
    return volume.kmsKeyId.is_set()
