"""A VPC of private subnets without internet or NAT gateway: what it needs of AWS it reaches through endpoints."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from lepton_components import names
from lepton_components.aws import documents
from lepton_components.aws.endpoints import endpoints
from lepton_components.aws.site import Site
from lepton_components.border import BadArgs
from lepton_components.contract import NetworkFacts, NetworkSpec
from lepton_infra.config.subnets import zone_subnet
from lepton_infra.errors import Fault

_NO_CONTROL_PLANE = ("cac1-az3", "use1-az3", "usw1-az2")
"""Zones in which EKS makes no control plane (EKS user guide, "Subnet requirements"), by the ids that are the same in every account."""


def network(name: str, spec: NetworkSpec, parent: pulumi.Resource) -> NetworkFacts:
    """Make the VPC, its subnets and routes, its endpoints and its flow log."""
    site = Site.of("network", name, spec.scope, parent)
    zones = _zones(site, spec.zones)
    vpc = aws.ec2.Vpc(
        site.part(names.PLAIN, "vpc"),
        cidr_block=str(spec.cidr),
        enable_dns_support=True,
        enable_dns_hostnames=True,
        tags=site.tags("vpc"),
        opts=site.child(),
    )
    _lock(site, vpc)
    _flow_log(site, spec, vpc)
    subnets = {zone: _subnet(site, spec, vpc, zone) for zone in zones}
    routes = [_routes(site, vpc, zone, subnet) for zone, subnet in subnets.items()]
    ways = endpoints(site, vpc, str(spec.cidr), list(subnets.values()), [table for table, _ in routes])
    ready = pulumi.Output.all(ways.storage.id, *(way.id for way in ways.services), *(association.id for _, association in routes))
    return NetworkFacts(
        id=vpc.id,
        subnets=pulumi.Output.all(pulumi.Output.all(*(subnet.id for subnet in subnets.values())), ready).apply(_first),
        zones=pulumi.Output.from_input(list(zones)),
        storage_prefix=ways.storage.prefix_list_id,
    )


def _first(made: Sequence[Sequence[str]]) -> Sequence[str]:
    return made[0]


def slot(zone: str) -> int:
    """Return the zone's place in the cut of the network, which depends on its letter alone: `us-east-1c` is 2 whatever else there is."""
    return ord(zone[-1]) - ord("a")


def _zones(site: Site, count: int) -> Sequence[str]:
    """Return the first zones of the region that need no opting in and take a control plane."""
    found = aws.get_availability_zones(
        state="available",
        filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],
        exclude_zone_ids=list(_NO_CONTROL_PLANE),
        opts=pulumi.InvokeOptions(parent=site.parent),
    )
    zones = sorted(found.names)
    if len(zones) < count:
        given, allowed = f"is {count}", f"{site.scope.region} has {len(zones)} zones that will do: {', '.join(zones)}"
        raise BadArgs(Fault(f"{site.name}.zones", given, allowed, "Ask for fewer zones or choose another region"))
    return zones[:count]


def _lock(site: Site, vpc: aws.ec2.Vpc) -> None:
    """Empty the default security group, and have AWS report traffic that is not encrypted in transit."""
    aws.ec2.DefaultSecurityGroup(
        site.part(names.SECURITY_GROUP, "default"), vpc_id=vpc.id, ingress=[], egress=[], tags=site.tags("default"), opts=site.child()
    )
    aws.ec2.VpcEncryptionControl(
        site.part(names.PLAIN, "encryption"), vpc_id=vpc.id, mode="monitor", tags=site.tags("encryption"), opts=site.child()
    )


def _subnet(site: Site, spec: NetworkSpec, vpc: aws.ec2.Vpc, zone: str) -> aws.ec2.Subnet:
    return aws.ec2.Subnet(
        site.part(names.PLAIN, "private", zone),
        vpc_id=vpc.id,
        availability_zone=zone,
        cidr_block=str(zone_subnet(spec.cidr, slot(zone))),
        map_public_ip_on_launch=False,
        tags=site.tags("private", zone) | {"kubernetes.io/role/internal-elb": "1"},
        opts=site.child(),
    )


def _routes(site: Site, vpc: aws.ec2.Vpc, zone: str, subnet: aws.ec2.Subnet) -> tuple[aws.ec2.RouteTable, aws.ec2.RouteTableAssociation]:
    """Give the zone a table of its own, so that a zone's traffic never depends on another's."""
    table = aws.ec2.RouteTable(site.part(names.PLAIN, "private", zone), vpc_id=vpc.id, tags=site.tags("private", zone), opts=site.child())
    association = aws.ec2.RouteTableAssociation(
        site.part(names.PLAIN, "private", zone), route_table_id=table.id, subnet_id=subnet.id, opts=site.under(table)
    )
    return table, association


def _flow_log(site: Site, spec: NetworkSpec, vpc: aws.ec2.Vpc) -> None:
    """Log all traffic, accepted and refused, encrypted, by a role that can do nothing else."""
    folder = names.placed(names.LOG_GROUP, "/lepton", names.fixed(names.LOG_GROUP, site.scope))
    label = names.placed(names.LOG_GROUP, folder, site.part(names.LOG_GROUP, "flow"))
    group = aws.cloudwatch.LogGroup(
        site.part(names.LOG_GROUP, "flow"),
        name=label,
        retention_in_days=spec.flow_log_days,
        kms_key_id=spec.logs_key,
        tags=site.tags("flow"),
        opts=site.child(),
    )
    role = aws.iam.Role(
        site.part(names.ROLE, "flow"),
        description="Writes the network's flow log",
        assume_role_policy=documents.trust("vpc-flow-logs.amazonaws.com", account=site.account, source=site.arn("ec2", "vpc-flow-log/*")),
        tags=site.tags("flow"),
        opts=site.child(),
    )
    policy = aws.iam.RolePolicy(
        site.part(names.ROLE, "flow"),
        role=role.name,
        policy=documents.write_logs(site.arn("logs", f"log-group:{label}")),
        opts=site.under(role),
    )
    aws.ec2.FlowLog(
        site.part(names.PLAIN, "flow"),
        vpc_id=vpc.id,
        traffic_type="ALL",
        log_destination_type="cloud-watch-logs",
        log_destination=group.arn,
        iam_role_arn=role.arn,
        max_aggregation_interval=60,
        tags=site.tags("flow"),
        opts=site.child(policy),
    )
