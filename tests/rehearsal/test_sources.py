"""Data sources, asked over the wire."""

import json
import re

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2 as proto

from lepton_infra.rehearsal.wire import UNKNOWN, Properties, to_struct

from .conftest import Asker

ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"
DOCUMENT = "aws:iam/getPolicyDocument:getPolicyDocument"
MACHINE = "aws:ec2/getInstanceType:getInstanceType"


def test_zones_of_the_providers_region_and_of_another(aws: Asker) -> None:
    own = aws.invoke(ZONES, {"state": "available", "excludeZoneIds": ["use1-az3"]})

    assert own["names"] == [f"us-east-1{letter}" for letter in "abdef"]
    assert own["zoneIds"] == ["use1-az1", "use1-az2", "use1-az4", "use1-az5", "use1-az6"]
    assert aws.invoke(ZONES, {"region": "us-west-2"})["names"] == [f"us-west-2{letter}" for letter in "abcd"]
    assert aws.invoke(ZONES, {"filters": [{"name": "opt-in-status", "values": ["opted-in"]}]})["names"] == []


@pytest.mark.parametrize(
    ("token", "arguments", "said"),
    [
        (ZONES, {"region": "us-esat-1"}, "region 'us-esat-1' is not one of AWS's"),
        (ZONES, {"filters": [{"name": "colour", "values": ["red"]}]}, "filter 'colour' is not served"),
        (MACHINE, {"instanceType": "p5.49xlarge"}, "nearest are p5.4xlarge, p5.48xlarge"),
        ("aws:ssm/getParameter:getParameter", {"name": "/mine"}, "parameter '/mine' is neither built nor one of AWS's own"),
        ("aws:eks/getAddonVersion:getAddonVersion", {"addonName": "vpc-cnj", "kubernetesVersion": "1.34"}, "add-on 'vpc-cnj' is not known"),
        ("aws:ec2/getVpc:getVpc", {"id": "vpc-1"}, "0 of what was asked for exist"),
        (
            "aws:ec2/getSerialConsoleAccess:getSerialConsoleAccess",
            {},
            "is not served by the pretend cloud; served are aws:ec2/getAmi:getAmi",
        ),
        ("aws:ec2/getNothing:getNothing", {}, "is no data source of the installed pulumi_aws"),
        (DOCUMENT, {"statements": [{"sid": "a"}, {"sid": "a"}]}, "each may stand once"),
        (DOCUMENT, {"sourcePolicyDocuments": ["{"]}, "a source document is no JSON"),
        (ZONES, {"state": UNKNOWN}, "not known yet"),
    ],
)
def test_what_cannot_be_answered_is_said(aws: Asker, token: str, arguments: Properties, said: str) -> None:
    with pytest.raises(grpc.RpcError, match=re.escape(said)):
        aws.invoke(token, arguments)


def test_arguments_are_checked_like_a_resources(aws: Asker) -> None:
    answer = aws.stub.Invoke(proto.InvokeRequest(tok=ZONES, args=to_struct({"stat": "available", "excludeNames": "x"})))

    assert {one.property for one in answer.failures} == {"stat", "excludeNames"}


def test_who_and_where(aws: Asker) -> None:
    assert aws.invoke("aws:index/getCallerIdentity:getCallerIdentity", {})["accountId"] == "123456789012"
    assert aws.invoke("aws:index/getPartition:getPartition", {})["partition"] == "aws"
    assert aws.invoke("aws:index/getRegion:getRegion", {})["region"] == "us-east-1"


def test_images_are_the_same_every_time_and_differ_by_name_and_region(aws: Asker) -> None:
    asked = "aws:ssm/getParameter:getParameter"
    name = "/aws/service/eks/optimized-ami/1.34/amazon-linux-2023/x86_64/nvidia/recommended/image_id"

    first = aws.invoke(asked, {"name": name})
    assert re.fullmatch(r"ami-0[0-9a-f]{16}", str(first["value"]))
    assert aws.invoke(asked, {"name": name}) == first
    assert aws.invoke(asked, {"name": name, "region": "us-west-2"})["value"] != first["value"]
    assert aws.invoke(asked, {"name": name.replace("nvidia", "standard")})["value"] != first["value"]
    aws.create("aws:ssm/parameter:Parameter", "p", {"name": "/mine", "type": "String", "value": "v"})
    assert aws.invoke(asked, {"name": "/mine"})["value"] == "v"
    image = aws.invoke("aws:ec2/getAmi:getAmi", {"owners": ["amazon"], "filters": [{"name": "name", "values": ["al2023-ami-*"]}]})
    assert str(image["name"]).startswith("al2023-ami-")


def test_machines_come_from_the_catalogue(aws: Asker) -> None:
    machine = aws.invoke(MACHINE, {"instanceType": "p5.48xlarge"})

    assert machine["defaultVcpus"] == 192
    assert machine["memorySize"] == 2048 * 1024
    assert machine["gpuses"] == [{"count": 8, "manufacturer": "NVIDIA", "memorySize": 76294, "name": "H100"}]
    assert aws.invoke(MACHINE, {"instanceType": "f2.6xlarge"})["gpuses"] == []
    wanted: Properties = {"filters": [{"name": "instance-type", "values": ["p5*.48xlarge"]}]}
    assert aws.invoke("aws:ec2/getInstanceTypes:getInstanceTypes", wanted)["instanceTypes"] == ["p5.48xlarge", "p5en.48xlarge"]
    offered = aws.invoke(
        "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings",
        {"locationType": "availability-zone", "region": "us-west-2", "filters": [{"name": "instance-type", "values": ["p5.48xlarge"]}]},
    )
    assert offered["locations"] == [f"us-west-2{letter}" for letter in "abcd"]


def test_what_is_built_is_found(aws: Asker) -> None:
    vpc, _ = aws.create("aws:ec2/vpc:Vpc", "net", {"cidrBlock": "10.0.0.0/16", "tags": {"purpose": "x"}})
    aws.create("aws:ec2/vpc:Vpc", "other", {"cidrBlock": "10.1.0.0/16"})
    subnets = {aws.create("aws:ec2/subnet:Subnet", f"s{index}", {"vpcId": vpc, "cidrBlock": f"10.0.{index}.0/24"})[0] for index in range(2)}
    key, made = aws.create("aws:kms/key:Key", "key", {})
    aws.create("aws:kms/alias:Alias", "key", {"name": "alias/key", "targetKeyId": key})

    assert aws.invoke("aws:ec2/getVpc:getVpc", {"tags": {"purpose": "x"}})["id"] == vpc
    assert aws.invoke("aws:ec2/getVpc:getVpc", {"cidrBlock": "10.0.0.0/16"})["id"] == vpc
    found = aws.invoke("aws:ec2/getSubnets:getSubnets", {"filters": [{"name": "vpc-id", "values": [vpc]}]})["ids"]
    assert isinstance(found, list)
    assert set(map(str, found)) == subnets
    assert aws.invoke("aws:kms/getAlias:getAlias", {"name": "alias/key"})["targetKeyArn"] == made["arn"]
    assert aws.invoke("aws:kms/getKey:getKey", {"keyId": "alias/key"})["arn"] == made["arn"]


def test_a_policy_document_is_rendered_as_the_real_provider_does(aws: Asker) -> None:
    answer = aws.invoke(
        DOCUMENT,
        {
            "statements": [
                {
                    "sid": "Read",
                    "actions": ["s3:GetObject", "s3:ListBucket"],
                    "resources": ["arn:aws:s3:::b/&{aws:username}"],
                    "principals": [{"type": "AWS", "identifiers": ["a", "b"]}, {"type": "Service", "identifiers": ["ec2.amazonaws.com"]}],
                    "conditions": [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["true"]}],
                },
                {"effect": "Deny", "notActions": ["s3:*"], "resources": ["*"], "principals": [{"type": "*", "identifiers": ["*"]}]},
            ]
        },
    )

    assert str(answer["json"]).startswith('{\n  "Version": "2012-10-17",\n  "Statement": [\n    {\n      "Sid": "Read"')
    assert (
        json.loads(str(answer["json"]))
        == json.loads(str(answer["minifiedJson"]))
        == {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Read",
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket", "s3:GetObject"],
                    "Resource": "arn:aws:s3:::b/${aws:username}",
                    "Principal": {"AWS": ["b", "a"], "Service": "ec2.amazonaws.com"},
                    "Condition": {"Bool": {"aws:SecureTransport": "true"}},
                },
                {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*", "Principal": "*"},
            ],
        }
    )


def test_policy_documents_are_merged_by_sid(aws: Asker) -> None:
    first = aws.invoke(DOCUMENT, {"statements": [{"sid": "a", "actions": ["x:1"]}, {"sid": "b", "actions": ["x:2"]}]})
    over = aws.invoke(DOCUMENT, {"statements": [{"sid": "b", "actions": ["x:3"]}, {"actions": ["x:4"]}]})
    merged = aws.invoke(DOCUMENT, {"sourcePolicyDocuments": [first["json"]], "overridePolicyDocuments": [over["json"]]})

    assert [one["Action"] for one in json.loads(str(merged["json"]))["Statement"]] == ["x:1", "x:3", "x:4"]
