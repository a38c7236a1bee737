"""Networks: what goes through them is on record, nothing in them is public by accident, and data does not pay a toll on its way."""

from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.card import IT, On, Ref, Severity, rule, stack_rule
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import Resource, View
from lepton_policies.shared import ports
from lepton_policies.shared.dollars import with_price
from lepton_policies.shared.ports import Opening, world_reaches, world_reaches_everything
from lepton_policies.shared.production import is_trial

_VPC: Final = "aws:ec2/vpc:Vpc"
_FLOW_LOG: Final = "aws:ec2/flowLog:FlowLog"
_SUBNET: Final = "aws:ec2/subnet:Subnet"
_DEFAULT_SUBNET: Final = "aws:ec2/defaultSubnet:DefaultSubnet"
_NACL: Final = "aws:ec2/networkAcl:NetworkAcl"
_DEFAULT_NACL: Final = "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl"
_NACL_RULE: Final = "aws:ec2/networkAclRule:NetworkAclRule"
_NAT: Final = "aws:ec2/natGateway:NatGateway"
_ENDPOINT: Final = "aws:ec2/vpcEndpoint:VpcEndpoint"
_EIP: Final = "aws:ec2/eip:Eip"
_ASSOCIATION: Final = "aws:ec2/eipAssociation:EipAssociation"
_GROUP: Final = "aws:ec2/securityGroup:SecurityGroup"
_GROUP_RULE: Final = "aws:ec2/securityGroupRule:SecurityGroupRule"
_INGRESS: Final = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_EGRESS: Final = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_NODE_GROUP: Final = "aws:eks/nodeGroup:NodeGroup"
_SUBNET_CIDR: Final = "10.0.1.0/24"
_S3: Final = "com.amazonaws.eu-west-1.s3"
_NET: Final = {"cidrBlock": "10.0.0.0/16"}


@stack_rule(
    "aws-vpc-flow-logs",
    Severity.MEDIUM,
    _VPC,
    why="Without a flow log nobody can say afterwards where the weights went.",
    fix='Add an `aws.ec2.FlowLog` with `vpc_id` and `traffic_type="ALL"`.',
    references=("checkov:CKV2_AWS_11", "trivy:AWS-0178", "prowler:vpc_flow_logs_enabled", "cis-aws-7.0:4.7"),
    good=[
        On(_VPC, _NET, around={"log": On(_FLOW_LOG, {"vpcId": IT, "trafficType": "ALL"})}),
        On(_VPC, _NET, around={"a": On(_FLOW_LOG, {"subnetId": "subnet-1"}), "b": On(_FLOW_LOG, {"vpcId": IT, "trafficType": "REJECT"})}),
    ],
    bad=[
        _NET,
        On(_VPC, _NET, around={"log": On(_FLOW_LOG, {"vpcId": Ref("other")}), "other": On(_VPC, _NET)}),
    ],
    unknown=[On(_VPC, _NET, around={"log": On(_FLOW_LOG, {"vpcId": UNKNOWN})})],
)
def network_is_logged(vpc: Resource, stack: Stack) -> Verdict:
    """Every network has a flow log."""
    return vpc.has_some("flow log", (log.vpcId.refers_to(vpc) for log in stack.of(_FLOW_LOG)))


@rule(
    "aws-vpc-default",
    Severity.MEDIUM,
    "aws:ec2/defaultVpc:DefaultVpc",
    why="The default network is all public subnets and one open security group, the same in every account.",
    fix="Make a network of your own: `EncryptedNetwork` of lepton_components, or `aws.ec2.Vpc`.",
    references=("checkov:CKV_AWS_148", "trivy:AWS-0101"),
    good=[{"forceDestroy": True}],
    bad=[{}, {"enableDnsSupport": True}],
    unknown=[{"forceDestroy": UNKNOWN}],
)
def default_network_is_not_used(vpc: Resource) -> Verdict:
    """The account's default network is not used; adopting it in order to remove it is fine."""
    return vpc.forceDestroy.is_true()


@rule(
    "aws-subnet-public-ip",
    Severity.MEDIUM,
    _SUBNET,
    _DEFAULT_SUBNET,
    why="In such a subnet every machine gets a public address unless somebody remembers to say no.",
    fix="Set `map_public_ip_on_launch=False`; a load balancer gets its addresses without it.",
    references=("checkov:CKV_AWS_130", "trivy:AWS-0164", "prowler:vpc_subnet_no_public_ip_by_default"),
    good=[{"vpcId": "vpc-1", "cidrBlock": _SUBNET_CIDR}, {"mapPublicIpOnLaunch": False}],
    bad=[{"vpcId": UNKNOWN, "mapPublicIpOnLaunch": True}, On(_DEFAULT_SUBNET, {"mapPublicIpOnLaunch": "true"})],
    unknown=[{"mapPublicIpOnLaunch": UNKNOWN}],
)
def subnet_gives_no_public_addresses(subnet: Resource) -> Verdict:
    """A subnet gives machines no public addresses by itself."""
    return ~subnet.mapPublicIpOnLaunch.is_true()


@stack_rule(
    "aws-eks-ng-private",
    Severity.HIGH,
    _NODE_GROUP,
    why="Nodes in such a subnet get public addresses, and with them every pod's host ports and the kubelet face the internet.",
    fix="Set `subnet_ids` to private subnets.",
    references=("cis-eks-1.8:5.4.3", "prowler:eks_cluster_private_nodes_enabled"),
    good=[
        On(_NODE_GROUP, {"subnetIds": [Ref("a")]}, around={"a": On(_SUBNET, {}), "b": On(_SUBNET, {"mapPublicIpOnLaunch": True})}),
        {"subnetIds": ["subnet-0123456789abcdef0"]},
    ],
    bad=[
        On(
            _NODE_GROUP,
            {"subnetIds": [Ref("a"), Ref("b")]},
            around={"a": On(_SUBNET, {}), "b": On(_SUBNET, {"mapPublicIpOnLaunch": True})},
        ),
    ],
    unknown=[
        On(_NODE_GROUP, {"subnetIds": UNKNOWN}, around={"b": On(_SUBNET, {"mapPublicIpOnLaunch": True})}),
        On(_NODE_GROUP, {"subnetIds": [Ref("a")]}, around={"a": On(_SUBNET, {"mapPublicIpOnLaunch": UNKNOWN})}),
    ],
)
def nodes_are_private(pool: Resource, stack: Stack) -> Verdict:
    """No node group stands in a subnet that gives out public addresses."""
    public = (pool.subnetIds.refers_to(subnet) & subnet.mapPublicIpOnLaunch.is_true() for subnet in stack.of(_SUBNET))
    return ~pool.has_some("subnet with public addresses", public)


def _gates(acl: Resource) -> Iterator[Opening]:
    """Iterate over the entries of a network ACL, or the one that a resource is, that let traffic in."""
    for block in acl.ingress:
        yield Opening(block.protocol, block.fromPort, block.toPort, (block.cidrBlock, block.ipv6CidrBlock), when=_allows(block.action))
    if acl.type_token == _NACL_RULE:
        allowed = _allows(acl.ruleAction) & ~acl.egress.is_true()
        yield Opening(acl.protocol, acl.fromPort, acl.toPort, (acl.cidrBlock, acl.ipv6CidrBlock), when=allowed)


def _allows(action: View) -> Verdict:
    text = action.raw_value()
    return action.read_as(text.lower()).is_one_of("allow") if isinstance(text, str) else action.is_one_of("allow")


def _entry(first: object, last: object, cidr: object, action: object = "allow", protocol: object = "tcp") -> dict[str, object]:
    return {"action": action, "cidrBlock": cidr, "fromPort": first, "toPort": last, "protocol": protocol, "ruleNo": 100}


@rule(
    "aws-nacl-admin-open",
    Severity.MEDIUM,
    _NACL,
    _DEFAULT_NACL,
    _NACL_RULE,
    why="A network ACL is the second wall: it should hold when a security group is opened by mistake.",
    fix="Allow 22 and 3389 from your own networks only.",
    references=(
        "checkov:CKV_AWS_231",
        "checkov:CKV_AWS_232",
        "trivy:AWS-0105",
        "prowler:ec2_networkacl_allow_ingress_tcp_port_22",
        "cis-aws-7.0:6.2",
    ),
    good=[
        {"ingress": [_entry(22, 22, "10.0.0.0/8"), _entry(443, 443, "0.0.0.0/0"), _entry(22, 22, "0.0.0.0/0", "deny")]},
        On(_NACL_RULE, {"egress": True, "ruleAction": "allow", "protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlock": "0.0.0.0/0"}),
    ],
    bad=[
        {"ingress": [_entry(443, 443, "0.0.0.0/0"), _entry(22, 22, "0.0.0.0/0")]},
        {"ingress": [_entry(0, 0, "0.0.0.0/0", "ALLOW", "-1")]},
        On(_NACL_RULE, {"ruleAction": "allow", "protocol": "6", "fromPort": 3000, "toPort": 4000, "ipv6CidrBlock": "::/0"}),
    ],
    unknown=[
        {"ingress": [_entry(22, 22, UNKNOWN)]},
        {"ingress": [_entry(22, 22, "0.0.0.0/0", UNKNOWN)]},
        On(_NACL_RULE, {"egress": UNKNOWN, "ruleAction": "allow", "protocol": "-1", "cidrBlock": "0.0.0.0/0"}),
    ],
)
def acl_closes_admin_ports(acl: Resource) -> Verdict:
    """No network ACL lets the world in on SSH or Remote Desktop."""
    return ~world_reaches(_gates(acl), ports.ADMIN)


@rule(
    "aws-nacl-all-open",
    Severity.MEDIUM,
    _NACL_RULE,
    _NACL,
    why="A network ACL that lets everything in from everywhere is no wall.",
    fix="Name ports and networks, or leave the default ACL as it is and put the walls into security groups.",
    references=("checkov:CKV_AWS_352", "trivy:AWS-0102", "prowler:ec2_networkacl_allow_ingress_any_port", "cis-aws-7.0:6.2"),
    good=[
        On(_NACL, {"ingress": [_entry(443, 443, "0.0.0.0/0"), _entry(1024, 65535, "0.0.0.0/0")]}),
        {"ruleAction": "deny", "protocol": "-1", "cidrBlock": "0.0.0.0/0"},
        On(_NACL, {"ingress": [_entry(443, 443, "0.0.0.0/0")]}),
    ],
    bad=[
        {"ruleAction": "allow", "protocol": "-1", "cidrBlock": "0.0.0.0/0"},
        {"ruleAction": "allow", "protocol": "all", "ipv6CidrBlock": "::/0", "egress": False},
        On(_NACL, {"ingress": [_entry(0, 65535, "0.0.0.0/0")]}),
        On(_NACL, {"ingress": [_entry(0, 1023, "0.0.0.0/0"), _entry(1024, 65535, "0.0.0.0/0")]}),
    ],
    unknown=[{"ruleAction": "allow", "protocol": "-1", "cidrBlock": UNKNOWN}],
)
def acl_does_not_open_everything(acl: Resource) -> Verdict:
    """No network ACL lets everything in from everywhere."""
    return ~world_reaches_everything(_gates(acl))


@stack_rule(
    "aws-sg-rule-conflict",
    Severity.MEDIUM,
    _GROUP,
    why="Rules in the group and rules beside it undo each other: each `pulumi up` removes what the one before has made.",
    fix="Keep the rules in one place: all in `ingress` and `egress`, or all as resources of their own.",
    references=("https://www.pulumi.com/registry/packages/aws/api-docs/ec2/securitygroup/",),
    good=[
        On(_GROUP, {"description": "d"}, around={"in": On(_INGRESS, {"securityGroupId": IT, "ipProtocol": "tcp"})}),
        On(
            _GROUP,
            {"ingress": [{"protocol": "tcp"}]},
            around={"other": On(_GROUP, {}), "in": On(_INGRESS, {"securityGroupId": Ref("other"), "ipProtocol": "tcp"})},
        ),
    ],
    bad=[
        On(_GROUP, {"ingress": [{"protocol": "tcp"}]}, around={"in": On(_INGRESS, {"securityGroupId": IT, "ipProtocol": "tcp"})}),
        On(_GROUP, {"egress": [{"protocol": "-1"}]}, around={"in": On(_GROUP_RULE, {"securityGroupId": IT, "type": "ingress"})}),
    ],
    unknown=[On(_GROUP, {"ingress": [{"protocol": "tcp"}]}, around={"in": On(_INGRESS, {"securityGroupId": UNKNOWN})})],
)
def rules_stand_in_one_place(group: Resource, stack: Stack) -> Verdict:
    """A security group has its rules within or beside it, not both."""
    inline = group.ingress.is_set() | group.egress.is_set()
    beside = (one.securityGroupId.refers_to(group) for one in stack.of(_GROUP_RULE, _INGRESS, _EGRESS))
    return ~(inline & group.has_some("rule in it and another beside it", beside))


@stack_rule(
    "cost-s3-endpoint",
    Severity.HIGH,
    _NAT,
    why="Data sets and weights that go to S3 through a NAT gateway cost 0.045 dollars a GB for nothing; the endpoint is free.",
    fix="Add an `aws.ec2.VpcEndpoint` for S3 (type Gateway) with the route tables of the private subnets.",
    references=("https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html",),
    good=[
        On(_NAT, {"subnetId": "subnet-1"}, around={"s3": On(_ENDPOINT, {"serviceName": _S3, "vpcEndpointType": "Gateway"})}),
        On(_NAT, {"subnetId": "subnet-1"}, around={"s3": On(_ENDPOINT, {"serviceName": _S3})}),
        {"subnetId": "subnet-1", "connectivityType": "private"},
    ],
    bad=[
        {"subnetId": "subnet-1"},
        On(_NAT, {"subnetId": "subnet-1"}, around={"e": On(_ENDPOINT, {"serviceName": "com.amazonaws.eu-west-1.ecr.api"})}),
    ],
    unknown=[On(_NAT, {"subnetId": "subnet-1"}, around={"s3": On(_ENDPOINT, {"serviceName": UNKNOWN})})],
)
def s3_is_reached_for_nothing(nat: Resource, stack: Stack) -> Verdict:
    """Where there is a NAT gateway there is a gateway endpoint for S3 as well."""
    endpoints = (_is_for_s3(one) for one in stack.of(_ENDPOINT))
    return nat.connectivityType.is_one_of("private") | nat.has_some("S3 endpoint beside it", endpoints)


def _is_for_s3(endpoint: Resource) -> Verdict:
    name = endpoint.serviceName.raw_value()
    if name is UNKNOWN:
        return endpoint.serviceName.undecided_because()
    is_s3 = isinstance(name, str) and name.endswith(".s3")
    return endpoint.serviceName.pass_because("") if is_s3 else endpoint.serviceName.fail_because()


@stack_rule(
    "cost-nat-count",
    Severity.MEDIUM,
    _NAT,
    why="A NAT gateway is billed by the hour before the first byte; a trial can do with one, or with endpoints alone.",
    fix="Keep one NAT gateway outside production.",
    references=("pulumi:aws-ts-finops",),
    good=[
        On(_NAT, {"subnetId": "a", "tags": {"environment": "dev"}}),
        On(_NAT, {"tags": {"environment": "prod"}}, around={"b": On(_NAT, {"subnetId": "b"})}),
        On(_NAT, {}, around={"b": On(_NAT, {"subnetId": "b"})}),
    ],
    bad=[On(_NAT, {"tags": {"environment": "dev"}}, around={"b": On(_NAT, {"subnetId": "b", "tags": {"environment": "dev"}})})],
    unknown=[On(_NAT, {"tags": {"environment": UNKNOWN}}, around={"b": On(_NAT, {"subnetId": "b"})})],
)
def trial_has_one_nat(nat: Resource, stack: Stack) -> Verdict:
    """Outside production a stack has one NAT gateway."""
    count = len(stack.of(_NAT))
    several = nat.pass_because(f"is one of {count} NAT gateways") if count > 1 else nat.fail_because("is alone")
    return with_price(~(several & is_trial(nat)), nat, stack)


@stack_rule(
    "cost-eip-unattached",
    Severity.LOW,
    _EIP,
    why="An address that is attached to nothing is billed all the same, and nobody misses it.",
    fix="Remove it, or set `instance` or `network_interface`, or refer to it from a NAT gateway or load balancer.",
    references=("checkov:CKV2_AWS_19", "prowler:ec2_elastic_ip_unassigned", "custodian:eipgarbagecollect"),
    good=[
        {"domain": "vpc", "instance": "i-1"},
        On(_EIP, {"domain": "vpc"}, around={"nat": On(_NAT, {"allocationId": IT, "subnetId": "a"})}),
        On(_EIP, {"domain": "vpc"}, around={"a": On(_ASSOCIATION, {"allocationId": IT, "instanceId": "i-1"})}),
    ],
    bad=[{"domain": "vpc"}],
    unknown=[{"networkInterface": UNKNOWN}, On(_EIP, {}, around={"nat": On(_NAT, {"allocationId": UNKNOWN})})],
)
def address_is_attached(address: Resource, stack: Stack) -> Verdict:
    """Every public address is attached to something."""
    users = (user.allocationId.refers_to(address) for user in stack.of(_NAT, _ASSOCIATION))
    itself = address.instance.is_set() | address.networkInterface.is_set()
    return with_price(itself | address.has_some("user", users), address, stack)
