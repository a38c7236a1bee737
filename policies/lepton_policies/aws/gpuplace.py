"""Where and when GPU pools run: what shares a fabric stands in one zone, and a trial sleeps at night."""

import re
from typing import Final

from lepton_infra.rules.card import IT, On, Ref, Severity, stack_rule
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import State, Verdict, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.aws.gpupool import has_accelerators_among
from lepton_policies.aws.instance import made_by
from lepton_policies.shared.dollars import with_price
from lepton_policies.shared.production import is_trial, tagged

_NODE_GROUP: Final = "aws:eks/nodeGroup:NodeGroup"
_GROUP: Final = "aws:autoscaling/group:Group"
_TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
_SCHEDULE: Final = "aws:autoscaling/schedule:Schedule"
_H100: Final = "p5.48xlarge"
_OFF_HOURS: Final = re.compile(r"\A(.*[:/])?off-?hours\Z", re.IGNORECASE)
"""The tag by which schedulers such as Cloud Custodian's find what they switch off; `off` in it means not to."""
_KEPT_OFF: Final = re.compile(r"\A(?!\s*(off|false|no)\s*\Z).*\S", re.IGNORECASE)
_AS_IT_IS: Final = -1
"""What leaves a bound of a group alone; a bound that is absent becomes 0 (EC2 Auto Scaling API, "PutScheduledUpdateGroupAction")."""
_DEV_LIST: Final = [{"key": "environment", "value": "dev", "propagateAtLaunch": True}]
_MIXED: Final = {"mixedInstancesPolicy": {"launchTemplate": {"overrides": [{"instanceType": _H100}]}}}


@stack_rule(
    "cost-gpu-single-zone",
    Severity.MEDIUM,
    _NODE_GROUP,
    why="EFA does not cross zones and ordinary traffic between them is billed both ways: a job spread over zones is slow and dear.",
    fix="Give the pool one subnet, and one pool to each zone that training may use.",
    references=("https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/efa.html",),
    good=[
        On(
            _NODE_GROUP,
            {"subnetIds": ["a"], "launchTemplate": {"id": Ref("t")}},
            around={"t": On(_TEMPLATE, {"placement": {"groupName": "g"}})},
        ),
        On(_NODE_GROUP, {"subnetIds": ["a", "b"], "launchTemplate": {"id": Ref("t")}}, around={"t": On(_TEMPLATE, {})}),
        {"subnetIds": ["a", "b"]},
    ],
    bad=[
        On(
            _NODE_GROUP,
            {"subnetIds": ["a", UNKNOWN], "launchTemplate": {"id": Ref("t")}},
            around={"t": On(_TEMPLATE, {"networkInterfaces": [{"interfaceType": "ena"}, {"interfaceType": "efa"}]})},
        ),
        On(
            _NODE_GROUP,
            {"subnetIds": ["a", "b"], "launchTemplate": {"id": Ref("t")}},
            around={"t": On(_TEMPLATE, {"placement": {"groupName": "g"}})},
        ),
    ],
    unknown=[
        On(
            _NODE_GROUP,
            {"subnetIds": UNKNOWN, "launchTemplate": {"id": Ref("t")}},
            around={"t": On(_TEMPLATE, {"networkInterfaces": [{"interfaceType": "efa-only"}]})},
        ),
    ],
)
def tightly_coupled_pool_has_one_zone(pool: Resource, stack: Stack) -> Verdict:
    """A pool whose nodes talk by EFA or sit in a placement group has one subnet."""
    tight = any_of(made_by(pool, template) & (has_efa(template) | _is_placed(template)) for template in stack.of(_TEMPLATE))
    return tight.implies(_is_single(pool.subnetIds))


def has_efa(template: Resource) -> Verdict:
    """Return whether machines of a template have an Elastic Fabric Adapter."""
    return any_of(nic.interfaceType.is_one_of("efa", "efa-only") for nic in template.networkInterfaces)


def _is_placed(template: Resource) -> Verdict:
    return template.placement.groupName.is_set() | template.placement.groupId.is_set()


def _is_single(subnets: View) -> Verdict:
    if subnets.raw_value() is UNKNOWN:
        return subnets.undecided_because()
    count = len(list(subnets))
    return subnets.pass_because("") if count <= 1 else subnets.fail_because(f"has {count} subnets")


@stack_rule(
    "cost-off-hours",
    Severity.LOW,
    _GROUP,
    why="A trial's GPUs work in working hours at best; the other two thirds of the week are paid for all the same.",
    fix="Add an `aws.autoscaling.Schedule` that sets `min_size` and `desired_capacity` to 0 in the evening, or the tag `offhours`.",
    references=("custodian:offhours", "custodian:asgoffhours", "custodian:ec2offhours"),
    good=[
        On(_GROUP, {"minSize": 1, "tags": _DEV_LIST}, around={"off": On(_SCHEDULE, {"autoscalingGroupName": IT, "desiredCapacity": 0})}),
        On(
            _GROUP,
            {"minSize": 1, "tags": _DEV_LIST, **_MIXED},
            around={"off": On(_SCHEDULE, {"autoscalingGroupName": IT, "minSize": 0, "desiredCapacity": -1})},
        ),
        {"minSize": 1, "tags": [*_DEV_LIST, {"key": "offhours", "value": "tz=utc", "propagateAtLaunch": True}], **_MIXED},
        {"minSize": 0, "tags": _DEV_LIST},
        {"minSize": 1},
    ],
    bad=[
        {"minSize": 1, "tags": _DEV_LIST, "mixedInstancesPolicy": {"launchTemplate": {"overrides": [{"instanceType": "g6.xlarge"}]}}},
        On(
            _GROUP,
            {"minSize": 1, "tags": _DEV_LIST, "mixedInstancesPolicy": {"launchTemplate": {"overrides": [{"instanceType": _H100}]}}},
            around={"up": On(_SCHEDULE, {"autoscalingGroupName": IT, "desiredCapacity": 4})},
        ),
        On(
            _GROUP,
            {"minSize": 1, "tags": _DEV_LIST, **_MIXED},
            around={"floor": On(_SCHEDULE, {"autoscalingGroupName": IT, "minSize": 2, "desiredCapacity": -1})},
        ),
        {"minSize": 1, "tags": [*_DEV_LIST, {"key": "offhours", "value": "off", "propagateAtLaunch": True}], **_MIXED},
    ],
    unknown=[
        On(
            _GROUP,
            {"minSize": 1, "tags": _DEV_LIST, "mixedInstancesPolicy": {"launchTemplate": {"overrides": [{"instanceType": _H100}]}}},
            around={"off": On(_SCHEDULE, {"autoscalingGroupName": UNKNOWN, "desiredCapacity": 0})},
        ),
    ],
)
def trial_sleeps_at_night(group: Resource, stack: Stack) -> Verdict:
    """A GPU group of a trial that is never empty has a schedule that empties it, or a tag of whatever does."""
    sleeps = (one.autoscalingGroupName.refers_to(group) & _empties(one) for one in stack.of(_SCHEDULE))
    idle = is_trial(group) & (group.minSize > 0) & has_accelerators_among(group, stack)
    if idle.state is State.FAIL:
        return ~idle
    asleep = group.has_some("schedule that empties it", sleeps) | tagged(group, _OFF_HOURS, _KEPT_OFF)
    return with_price(idle.implies(asleep), group, stack)


def _empties(schedule: Resource) -> Verdict:
    """Return whether a schedule leaves a group without machines, or free to have none."""
    fewest, wanted = schedule.minSize.or_default(0), schedule.desiredCapacity.or_default(0)
    return (wanted == 0) | ((wanted == _AS_IT_IS) & (fewest == 0))
