"""What AWS computes that a template cannot say: counts, look-ups in what exists, certificates."""

import base64
import ipaddress
from collections.abc import Mapping
from typing import Final

from lepton_infra.rehearsal.aws.zones import regions
from lepton_infra.rehearsal.facts import IdentityOf, Making, ShapeOf, World
from lepton_infra.rehearsal.template import draw
from lepton_infra.rehearsal.wire import Properties, is_unknown, rows, table, text, texts

_HEX: Final = "0123456789abcdef"


def _vpc(making: Making) -> Properties:
    # The route table that comes with a VPC is both its main and its default one.
    return {"defaultRouteTableId": making.outputs.get("mainRouteTableId")}


def _subnet(making: Making) -> Properties:
    zone = text(making.outputs.get("availabilityZone"))
    ids = {one.name: one.id for found in regions().values() for one in found}
    return {"availabilityZoneId": ids.get(zone)} if zone in ids else {}


def _default_security_group(inputs: Properties, world: World) -> str | None:
    """The group came with the VPC: the resource takes it over, and it gets no new id."""
    vpc = world.find("aws:ec2/vpc:Vpc", text(inputs.get("vpcId")))
    return text(vpc["defaultSecurityGroupId"]) if vpc else None


def _endpoint(making: Making) -> Properties:
    service = text(making.inputs.get("serviceName"))
    if is_unknown(service) or is_unknown(making.outputs.get("id")):
        return {}
    identity, region = text(making.outputs["id"]), text(making.world.place.get("region"))
    if making.outputs.get("vpcEndpointType") != "Interface":
        return {"prefixListId": f"pl-{draw(service + region, _HEX, 8)}", "dnsEntries": [], "networkInterfaceIds": []}
    short = service.removeprefix(f"com.amazonaws.{region}.")
    names = [f"{identity}-{draw(identity, _HEX, 8)}.{short}.{region}.vpce.amazonaws.com"]
    names += [f"{short}.{region}.amazonaws.com"] if making.inputs.get("privateDnsEnabled") is True else []
    return {
        "dnsEntries": [{"dnsName": name, "hostedZoneId": f"Z{draw(name, _HEX, 13).upper()}"} for name in names],
        "networkInterfaceIds": [f"eni-0{draw(identity + subnet, _HEX, 16)}" for subnet in texts(rows(making.inputs.get("subnetIds")))],
        "prefixListId": "",
    }


def _launch_template(making: Making) -> Properties:
    """Every update makes a version; which one is the default is the program's to say."""
    before = table(making.before)
    last = before.get("latestVersion")
    # Tags and the choice of the default are no part of a version (EC2 API: CreateLaunchTemplateVersion).
    beside = {"tags", "tagsAll", "defaultVersion", "updateDefaultVersion"}
    same = all(before.get(name) == value for name, value in making.inputs.items() if name not in beside)
    gone = any(name in before and name not in making.inputs for name in ("imageId", "instanceType", "userData"))
    version = last + (0 if same and not gone else 1) if isinstance(last, int) else 1
    chosen = making.inputs.get("defaultVersion")
    default = version if making.inputs.get("updateDefaultVersion") is True else chosen or before.get("defaultVersion") or 1
    return {"latestVersion": version, "defaultVersion": default}


def _cluster(making: Making) -> Properties:
    authority = base64.b64encode(
        f"-----BEGIN CERTIFICATE-----\n{draw(text(making.outputs.get('arn')), _HEX.upper(), 64)}\n-----END CERTIFICATE-----\n".encode()
    ).decode()
    answer: Properties = {"certificateAuthority": {"data": authority}}
    wanted = table(making.inputs.get("vpcConfig"))
    subnets = texts(rows(wanted.get("subnetIds")))
    subnet = making.world.find("aws:ec2/subnet:Subnet", subnets[0]) if subnets else None
    network: Properties = {"vpcId": subnet["vpcId"]} if subnet else {}
    network |= {"endpointPublicAccess": True} if "endpointPublicAccess" not in wanted else {}
    network |= {"endpointPrivateAccess": False} if "endpointPrivateAccess" not in wanted else {}
    answer["vpcConfig"] = network
    return answer


def _node_group(making: Making) -> Properties:
    cluster = making.world.find("aws:eks/cluster:Cluster", text(making.inputs.get("clusterName")))
    version = making.inputs.get("version") or (cluster or {}).get("version")
    release = f"{version}.0-20260101" if isinstance(version, str) and not is_unknown(version) else None
    return {"version": version, "releaseVersion": making.inputs.get("releaseVersion") or release}


def _flow_log(making: Making) -> Properties:
    return {"logGroupName": text(making.inputs.get("logDestination")).rpartition("log-group:")[2].removesuffix(":*") or None}


def _nat_gateway(making: Making) -> Properties:
    subnet = making.world.find("aws:ec2/subnet:Subnet", text(making.inputs.get("subnetId")))
    if not subnet or making.inputs.get("privateIp"):
        return {}
    network = ipaddress.ip_network(text(subnet.get("cidrBlock")) or "192.0.2.0/24", strict=False)
    return {"privateIp": str(network[min(10, network.num_addresses - 1)])}


IDENTITIES: Final[Mapping[str, IdentityOf]] = {"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _default_security_group}
"""What stands for something that exists already, by type token."""
SHAPES: Final[Mapping[str, ShapeOf]] = {
    "aws:ec2/flowLog:FlowLog": _flow_log,
    "aws:ec2/launchTemplate:LaunchTemplate": _launch_template,
    "aws:ec2/natGateway:NatGateway": _nat_gateway,
    "aws:ec2/subnet:Subnet": _subnet,
    "aws:ec2/vpc:Vpc": _vpc,
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:eks/cluster:Cluster": _cluster,
    "aws:eks/nodeGroup:NodeGroup": _node_group,
}
"""Arithmetic by type token."""
