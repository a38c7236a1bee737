"""Network load balancers: they have no security group unless one is given, and then nothing stands between the world and a tool."""

from typing import Final

from lepton_infra.rules.card import On, Ref, Severity, stack_rule
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import State, Verdict
from lepton_infra.rules.view import Resource
from lepton_policies.shared.ports import AI, TOOLS

_LISTENER: Final = "aws:lb/listener:Listener"
_BALANCER: Final = "aws:lb/loadBalancer:LoadBalancer"
_TARGETS: Final = "aws:lb/targetGroup:TargetGroup"
_PUBLIC: Final = On(_BALANCER, {"loadBalancerType": "network"})
_ON_8265: Final = {"port": 8265, "protocol": "TCP", "loadBalancerArn": Ref("nlb")}
_FORWARDS: Final = {
    "port": 443,
    "protocol": "TLS",
    "loadBalancerArn": Ref("nlb"),
    "defaultActions": [{"type": "forward", "targetGroupArn": Ref("ray")}],
}


@stack_rule(
    "aws-nlb-ai-ports-public",
    Severity.CRITICAL,
    _LISTENER,
    why="The targets may see the load balancer's address, not the caller's: their own group lets it in, and with it the world.",
    fix="Set `internal=True` on the load balancer, or give it `security_groups` that list your own networks.",
    references=("https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html",),
    good=[
        On(_LISTENER, _FORWARDS, around={"nlb": _PUBLIC, "ray": On(_TARGETS, {"port": 8000}), "other": On(_TARGETS, {"port": 8265})}),
        On(_LISTENER, _ON_8265, around={"nlb": On(_BALANCER, {"loadBalancerType": "network", "internal": True})}),
        On(_LISTENER, _ON_8265, around={"nlb": On(_BALANCER, {"loadBalancerType": "network", "securityGroups": [UNKNOWN]})}),
        On(_LISTENER, _ON_8265, around={"nlb": On(_BALANCER, {"loadBalancerType": "application"})}),
        On(_LISTENER, {**_ON_8265, "port": 443}, around={"nlb": _PUBLIC}),
        On(_LISTENER, _FORWARDS, around={"nlb": _PUBLIC, "ray": On(_TARGETS, {"port": 8000})}),
    ],
    bad=[
        On(_LISTENER, _ON_8265, around={"nlb": _PUBLIC}),
        On(_LISTENER, {**_ON_8265, "port": "8888"}, around={"nlb": On(_BALANCER, {"loadBalancerType": "network", "internal": "false"})}),
        On(_LISTENER, _FORWARDS, around={"nlb": _PUBLIC, "ray": On(_TARGETS, {"port": 8265})}),
    ],
    unknown=[
        On(_LISTENER, {**_ON_8265, "port": UNKNOWN}, around={"nlb": _PUBLIC}),
        On(_LISTENER, {**_ON_8265, "loadBalancerArn": UNKNOWN}, around={"nlb": _PUBLIC}),
        On(_LISTENER, _ON_8265, around={"nlb": On(_BALANCER, {"loadBalancerType": UNKNOWN})}),
    ],
)
def listener_serves_no_tool(listener: Resource, stack: Stack) -> Verdict:
    """No network load balancer without a security group answers the world for an AI tool."""
    open_ones = (listener.loadBalancerArn.refers_to(one) & _lets_in_the_world(one) for one in stack.of(_BALANCER))
    open_to_the_world = listener.has_some("network load balancer that lets the world in", open_ones)
    return ~((listener.port.is_one_of(*AI) | _ends_at_tool(listener, stack)) & open_to_the_world)


def _lets_in_the_world(balancer: Resource) -> Verdict:
    is_network = balancer.loadBalancerType.is_one_of("network")
    return is_network & ~balancer.internal.is_true() & balancer.securityGroups.is_absent()


def _ends_at_tool(listener: Resource, stack: Stack) -> Verdict:
    """Return whether what it forwards to is a tool, by the port of the target group."""
    arns = [arn for action in listener.defaultActions for arn in (action.targetGroupArn, *(one.arn for one in action.forward.targetGroups))]
    tools = [targets for targets in stack.of(_TARGETS) if targets.port.is_one_of(*TOOLS).state is not State.FAIL]
    found = (arn.refers_to(targets) & targets.port.is_one_of(*TOOLS) for targets in tools for arn in arns)
    return listener.has_some("target that is an AI tool", found)
