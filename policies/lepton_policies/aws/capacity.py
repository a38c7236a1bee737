"""Reserved capacity and fabric: GPUs that are paid for are used, and machines that share a fabric reach each other on it."""

from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.card import IT, On, Ref, Severity, rule, stack_rule
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import State, Verdict, all_of, any_of
from lepton_infra.rules.view import Resource, View
from lepton_policies.aws.gpuplace import has_efa
from lepton_policies.aws.machines import accelerators
from lepton_policies.shared.production import is_production

_RESERVATION: Final = "aws:ec2/capacityReservation:CapacityReservation"
_TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
_GROUP: Final = "aws:ec2/securityGroup:SecurityGroup"
_RULE: Final = "aws:ec2/securityGroupRule:SecurityGroupRule"
_INGRESS: Final = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_EGRESS: Final = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_BATCH: Final = "aws:batch/computeEnvironment:ComputeEnvironment"
_JOB: Final = "aws:batch/jobDefinition:JobDefinition"
_GUIDE: Final = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/"
_H100: Final = "p5.48xlarge"
_WHOLE_NODE: Final = 8
"""From so many accelerators on, a machine is hard to get on demand."""
_ALL: Final = {"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True}
_FABRIC: Final = {"networkInterfaces": [{"interfaceType": "efa", "securityGroups": [Ref("sg")]}]}


def _count(machine_type: View) -> Verdict:
    """Return whether a machine type has accelerators enough to fill a node."""
    return _has(machine_type, _WHOLE_NODE)


def _has(machine_type: View, fewest: int) -> Verdict:
    name = machine_type.raw_value()
    if name is UNKNOWN:
        return machine_type.undecided_because()
    return machine_type.pass_because("") if isinstance(name, str) and accelerators(name) >= fewest else machine_type.fail_because()


@rule(
    "cost-capacity-reservation-end",
    Severity.MEDIUM,
    _RESERVATION,
    why="A reservation of GPUs bills by the second from the moment it is made, used or not, until somebody cancels it.",
    fix='Set `end_date` and `end_date_type="limited"`, or reserve a capacity block, which ends by itself.',
    references=(f"{_GUIDE}ec2-capacity-reservations.html",),
    good=[{"instanceType": _H100, "endDateType": "limited", "endDate": "2027-01-31T00:00:00Z"}, {"instanceType": "m7i.large"}],
    bad=[{"instanceType": _H100}, {"instanceType": _H100, "endDateType": "unlimited"}],
    unknown=[{"instanceType": _H100, "endDate": UNKNOWN}, {"instanceType": UNKNOWN}],
)
def reservation_ends(reservation: Resource) -> Verdict:
    """A reservation of GPU machines has an end."""
    return _has(reservation.instanceType, 1).implies(reservation.endDate.is_set() & ~reservation.endDateType.is_one_of("unlimited"))


@rule(
    "aws-capacity-reservation-targeted",
    Severity.LOW,
    _RESERVATION,
    why="Any machine of that type in the account takes a place in an open reservation, and the pool that it was bought for goes without.",
    fix='Set `instance_match_criteria="targeted"` and name the reservation in the pool\'s launch template.',
    references=(f"{_GUIDE}capacity-reservations-create.html",),
    good=[{"instanceType": _H100, "instanceMatchCriteria": "targeted"}, {"instanceType": "m7i.large"}],
    bad=[{"instanceType": _H100}, {"instanceType": _H100, "instanceMatchCriteria": "open"}],
    unknown=[{"instanceType": _H100, "instanceMatchCriteria": UNKNOWN}],
)
def reservation_is_for_someone(reservation: Resource) -> Verdict:
    """A reservation of GPU machines is for those who name it."""
    return _has(reservation.instanceType, 1).implies(reservation.instanceMatchCriteria.is_one_of("targeted"))


@stack_rule(
    "cost-capacity-reservation-used",
    Severity.MEDIUM,
    _RESERVATION,
    why="A targeted reservation that no template names stands empty at the full price of its machines.",
    fix="Set `capacity_reservation_target` in the `capacity_reservation_specification` of the pool's launch template.",
    references=(f"{_GUIDE}capacity-reservations-using.html",),
    good=[
        On(
            _RESERVATION,
            {"instanceType": _H100, "instanceMatchCriteria": "targeted"},
            around={"t": On(_TEMPLATE, {"capacityReservationSpecification": {"capacityReservationTarget": {"capacityReservationId": IT}}})},
        ),
        {"instanceType": _H100, "instanceMatchCriteria": "open"},
    ],
    bad=[
        {"instanceType": _H100, "instanceMatchCriteria": "targeted"},
        On(
            _RESERVATION, {"instanceType": _H100, "instanceMatchCriteria": "targeted"}, around={"t": On(_TEMPLATE, {"instanceType": _H100})}
        ),
    ],
    unknown=[
        On(
            _RESERVATION,
            {"instanceType": _H100, "instanceMatchCriteria": "targeted"},
            around={"t": On(_TEMPLATE, {"capacityReservationSpecification": UNKNOWN})},
        ),
        {"instanceType": _H100, "instanceMatchCriteria": UNKNOWN},
    ],
)
def reservation_is_used(reservation: Resource, stack: Stack) -> Verdict:
    """A targeted reservation of GPU machines is named by a launch template, itself or by its group."""
    targets = [template.capacityReservationSpecification.capacityReservationTarget for template in stack.of(_TEMPLATE)]
    users = (
        any_of(
            (target.capacityReservationId.refers_to(reservation), target.capacityReservationResourceGroupArn.is_set().maybe("may hold it"))
        )
        for target in targets
    )
    wanted = _has(reservation.instanceType, 1) & reservation.instanceMatchCriteria.is_one_of("targeted")
    return wanted.implies(reservation.has_some("template that names it", users))


@rule(
    "cost-gpu-reservation",
    Severity.MEDIUM,
    _TEMPLATE,
    why="Machines with eight GPUs are out of stock on demand for days at a time; a pool in production that must grow cannot.",
    fix='Reserve capacity (`capacity_reservation_specification`) or buy a capacity block (`market_type="capacity-block"`).',
    references=(f"{_GUIDE}ec2-capacity-blocks.html",),
    good=[
        {"instanceType": _H100, "tags": {"environment": "dev"}},
        {"instanceType": "g6.xlarge", "tags": {"environment": "prod"}},
        {"instanceType": _H100, "tags": {"environment": "prod"}, "instanceMarketOptions": {"marketType": "capacity-block"}},
        {
            "instanceType": _H100,
            "tags": {"environment": "prod"},
            "capacityReservationSpecification": {"capacityReservationTarget": {"capacityReservationId": UNKNOWN}},
        },
    ],
    bad=[{"instanceType": _H100, "tags": {"environment": "prod"}}],
    unknown=[{"instanceType": UNKNOWN, "tags": {"environment": "prod"}}, {"instanceType": _H100, "tags": UNKNOWN}],
)
def whole_nodes_are_reserved(template: Resource) -> Verdict:
    """Machines with eight GPUs in production come from a reservation, a capacity block or the spot market."""
    target = template.capacityReservationSpecification.capacityReservationTarget
    secured = target.is_set() | template.instanceMarketOptions.marketType.is_set()
    return ~(_count(template.instanceType) & is_production(template)) | secured


@stack_rule(
    "aws-sg-efa-self",
    Severity.MEDIUM,
    _TEMPLATE,
    why="EFA traffic is neither TCP nor UDP: unless a group allows all of its own traffic both ways, NCCL falls back to TCP or hangs.",
    fix='Add `{"protocol": "-1", "from_port": 0, "to_port": 0, "self": True}` to `ingress` and `egress` of the group of EFA interfaces.',
    references=(f"{_GUIDE}efa-start.html",),
    good=[
        On(_TEMPLATE, _FABRIC, around={"sg": On(_GROUP, {"ingress": [_ALL], "egress": [_ALL]})}),
        On(
            _TEMPLATE,
            _FABRIC,
            around={
                "sg": On(_GROUP, {}),
                "in": On(_INGRESS, {"securityGroupId": Ref("sg"), "referencedSecurityGroupId": Ref("sg"), "ipProtocol": "-1"}),
                "out": On(_EGRESS, {"securityGroupId": Ref("sg"), "referencedSecurityGroupId": Ref("sg"), "ipProtocol": "-1"}),
            },
        ),
        On(_TEMPLATE, {"networkInterfaces": [{"interfaceType": "ena", "securityGroups": [Ref("sg")]}]}, around={"sg": On(_GROUP, {})}),
        {"networkInterfaces": [{"interfaceType": "efa", "securityGroups": ["sg-0123456789abcdef0"]}]},
    ],
    bad=[
        On(_TEMPLATE, _FABRIC, around={"sg": On(_GROUP, {"ingress": [_ALL], "egress": [{**_ALL, "protocol": "tcp", "toPort": 65535}]})}),
        On(_TEMPLATE, _FABRIC, around={"sg": On(_GROUP, {})}),
    ],
    unknown=[
        On(_TEMPLATE, _FABRIC, around={"sg": On(_GROUP, {"ingress": [_ALL], "egress": UNKNOWN})}),
        On(_TEMPLATE, {"networkInterfaces": UNKNOWN}, around={"sg": On(_GROUP, {})}),
    ],
)
def fabric_may_talk_to_itself(template: Resource, stack: Stack) -> Verdict:
    """The security group of an EFA interface allows all of its own traffic, in and out."""
    efa = has_efa(template)
    if efa.state is State.FAIL:
        return ~efa
    meant = ((_names(template, group), group) for group in stack.of(_GROUP))
    # A group that is certainly another's is not looked at: there are many, and its rules are many.
    return ~efa | all_of(named.implies(_talks_to_itself(group, stack)) for named, group in meant if named.state is not State.FAIL)


def _names(template: Resource, group: Resource) -> Verdict:
    given = (*(nic.securityGroups for nic in template.networkInterfaces), template.vpcSecurityGroupIds)
    return any_of(groups.refers_to(group) for groups in given)


def _talks_to_itself(group: Resource, stack: Stack) -> Verdict:
    inward = any_of((*map(_is_all_of_itself, group.ingress), *_rules(group, stack, _INGRESS, "ingress")))
    outward = any_of(
        (*map(_is_all_of_itself, group.egress), *map(_is_all_of_everything, group.egress), *_rules(group, stack, _EGRESS, "egress"))
    )
    both = (
        group.has_some("rule for all of its own traffic in", [inward]),
        group.has_some("rule for all of its own traffic out", [outward]),
    )
    return all_of(both)


def _is_all(protocol: View) -> Verdict:
    return protocol.is_one_of("-1", "all")


def _is_all_of_itself(block: View) -> Verdict:
    return _is_all(block.protocol) & block["self"].is_true()


def _is_all_of_everything(block: View) -> Verdict:
    """Return UNDECIDED where all traffic to all addresses is allowed: EFA wants the group named, and some drivers make do with less."""
    everywhere = any_of(cidr.is_one_of("0.0.0.0/0") for cidr in block.cidrBlocks)
    return (_is_all(block.protocol) & everywhere).maybe("allows all addresses, where EFA wants the group itself")


def _rules(group: Resource, stack: Stack, standalone: str, direction: str) -> Iterator[Verdict]:
    for one in stack.of(standalone):
        yield _is_all(one.ipProtocol) & one.securityGroupId.refers_to(group) & one.referencedSecurityGroupId.refers_to(group)
    for one in stack.of(_RULE):
        to_itself = one["self"].is_true() | one.sourceSecurityGroupId.refers_to(group)
        yield (one.type == direction) & _is_all(one.protocol) & one.securityGroupId.refers_to(group) & to_itself


@rule(
    "cost-batch-min-zero",
    Severity.HIGH,
    _BATCH,
    why="A Batch environment keeps its minimum running with no job in the queue; with GPU machines that is dollars an hour for nothing.",
    fix="Set `min_vcpus=0` in `compute_resources`.",
    references=("https://docs.aws.amazon.com/batch/latest/userguide/compute_environment_parameters.html",),
    good=[
        {"type": "MANAGED", "computeResources": {"instanceTypes": [_H100], "minVcpus": 0, "maxVcpus": 192}},
        {"type": "MANAGED", "computeResources": {"instanceTypes": ["m7i.large"], "minVcpus": 4}},
    ],
    bad=[{"type": "MANAGED", "computeResources": {"instanceTypes": ["c7i.large", _H100], "minVcpus": 192}}],
    unknown=[
        {"computeResources": {"instanceTypes": [_H100], "minVcpus": UNKNOWN}},
        {"computeResources": {"instanceTypes": [UNKNOWN], "minVcpus": 8}},
    ],
)
def batch_can_be_empty(environment: Resource) -> Verdict:
    """A Batch environment with GPUs shrinks to nothing."""
    resources = environment.computeResources
    types = any_of(_has_family(machine_type) for machine_type in resources.instanceTypes)
    return ~types | (resources.minVcpus.or_default(0) <= 0)


def _has_family(machine_type: View) -> Verdict:
    """Return whether a machine type has accelerators, or a family named alone, as Batch takes it."""
    name = machine_type.raw_value()
    family = isinstance(name, str) and "." not in name and accelerators(f"{name}.xlarge") > 0
    return machine_type.pass_because("") if family else _has(machine_type, 1)
