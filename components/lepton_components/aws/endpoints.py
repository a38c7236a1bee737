"""Private ways from a VPC to the services that nodes cannot do without."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi_aws as aws

from lepton_components import names
from lepton_components.aws import documents
from lepton_components.aws.site import Site

SERVICES = (
    "autoscaling",
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "eks",
    "eks-auth",
    "elasticloadbalancing",
    "kms",
    "logs",
    "monitoring",
    "ssm",
    "ssmmessages",
    "sts",
)
"""What nodes of a cluster without internet call (EKS user guide, "Deploy private clusters"), Pod Identity, Session Manager and metrics.

Session Manager needs no `ec2messages` any more, and regions opened since 2024 do not have it (Systems Manager user guide, "ec2messages").
"""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The way to object storage, and the ways to all other services."""

    storage: aws.ec2.VpcEndpoint
    services: Sequence[aws.ec2.VpcEndpoint]


def endpoints(
    site: Site, vpc: aws.ec2.Vpc, cidr: str, subnets: Sequence[aws.ec2.Subnet], tables: Sequence[aws.ec2.RouteTable]
) -> Endpoints:
    """Make a gateway for S3, which costs nothing, and an interface in each zone for each other service."""
    region = site.scope.region
    storage = aws.ec2.VpcEndpoint(
        site.part(names.PLAIN, "s3"),
        vpc_id=vpc.id,
        vpc_endpoint_type="Gateway",
        service_name=f"com.amazonaws.{region}.s3",
        route_table_ids=[table.id for table in tables],
        policy=documents.own_buckets(site.account, site.partition, region),
        tags=site.tags("s3"),
        opts=site.child(),
    )
    group = _firewall(site, vpc, cidr)
    services = [
        aws.ec2.VpcEndpoint(
            site.part(names.PLAIN, service),
            vpc_id=vpc.id,
            vpc_endpoint_type="Interface",
            service_name=f"com.amazonaws.{region}.{service}",
            subnet_ids=[subnet.id for subnet in subnets],
            security_group_ids=[group.id],
            private_dns_enabled=True,
            policy=documents.own_account(site.account),
            tags=site.tags(service),
            opts=site.child(),
        )
        for service in SERVICES
    ]
    return Endpoints(storage, services)


def _firewall(site: Site, vpc: aws.ec2.Vpc, cidr: str) -> aws.ec2.SecurityGroup:
    """Admit TLS from the network and nothing else; answers need no rule."""
    group = aws.ec2.SecurityGroup(
        site.part(names.SECURITY_GROUP, "endpoints"),
        description="Interface endpoints: TLS from the network",
        vpc_id=vpc.id,
        tags=site.tags("endpoints"),
        opts=site.child(),
    )
    aws.vpc.SecurityGroupIngressRule(
        site.part(names.PLAIN, "endpoints", "tls"),
        security_group_id=group.id,
        description="TLS from the network",
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        cidr_ipv4=cidr,
        tags=site.tags("endpoints", "tls"),
        opts=site.under(group),
    )
    return group
