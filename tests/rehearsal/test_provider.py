"""One resource's life, asked for over the wire."""

import re
from pathlib import Path

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2
from pulumi.runtime.proto import provider_pb2 as proto
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub

from lepton_infra.errors import BadInput
from lepton_infra.rehearsal.cloud import PretendCloud
from lepton_infra.rehearsal.wire import UNKNOWN, Properties, from_struct, to_struct

from .conftest import Asker, channel, tamper, urn

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
BUCKET = "aws:s3/bucket:Bucket"
ROLE = "aws:iam/role:Role"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
CLUSTER = "aws:eks/cluster:Cluster"
ALIAS = "aws:kms/alias:Alias"
SCHEDULE = "aws:autoscaling/schedule:Schedule"


def test_the_engine_is_met(aws: Asker) -> None:
    shaken = aws.stub.Handshake(proto.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))

    assert aws.stub.Attach(plugin_pb2.PluginAttach(address="127.0.0.1:1")) == Empty()
    assert [shaken.accept_secrets, shaken.accept_resources, shaken.accept_outputs] == [False, False, False]
    assert re.fullmatch(r"7\.\d+\.\d+", aws.stub.GetPluginInfo(Empty()).version)


def test_a_life(aws: Asker, cloud: PretendCloud) -> None:
    inputs = aws.inputs(VPC, "net", {"cidrBlock": "10.0.0.0/16", "tags": {"team": "x"}})
    identity, made = aws.create(VPC, "net", {"cidrBlock": "10.0.0.0/16", "tags": {"team": "x"}})

    assert re.fullmatch(r"vpc-0[0-9a-f]{16}", identity)
    assert made["arn"] == f"arn:aws:ec2:us-east-1:123456789012:vpc/{identity}"
    assert made["id"] == identity
    assert made["tagsAll"] == {"owner": "me", "team": "x"}
    assert made["enableDnsSupport"] is True
    assert made["mainRouteTableId"] == made["defaultRouteTableId"]
    read = aws.read(VPC, "net", identity, inputs)
    assert (from_struct(read.properties), from_struct(read.inputs)) == (made, inputs)

    news = aws.inputs(VPC, "net", {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True}, inputs)
    changed = aws.update(VPC, "net", identity, news)
    assert changed["enableDnsHostnames"] is True
    assert changed["tagsAll"] == {"owner": "me"}
    assert "tags" not in changed
    assert [(held.id, held.name, held.type, held.outputs) for held in cloud.resources()] == [(identity, "net", VPC, changed)]

    aws.delete(VPC, "net", identity)
    aws.delete(VPC, "net", identity)
    assert cloud.resources() == ()
    assert aws.read(VPC, "net", identity, news).id == ""


def test_a_preview_makes_nothing_and_shows_what_is_computed_as_unknown(aws: Asker, cloud: PretendCloud) -> None:
    given: Properties = {"roleArn": UNKNOWN, "vpcConfig": {"subnetIds": [UNKNOWN, "subnet-1"]}}
    identity, shown = aws.create(CLUSTER, "gpu", given, preview=True)

    assert identity == ""
    assert shown["arn"] == shown["endpoint"] == shown["identities"] == UNKNOWN
    assert shown["vpcConfig"] == {
        "subnetIds": [UNKNOWN, "subnet-1"],
        "clusterSecurityGroupId": UNKNOWN,
        "endpointPrivateAccess": UNKNOWN,
        "endpointPublicAccess": UNKNOWN,
    }
    assert cloud.resources() == ()


def test_a_preview_of_an_update_shows_only_what_it_changes_as_unknown(aws: Asker) -> None:
    identity, made = aws.create(TEMPLATE, "t", {"instanceType": "g6e.xlarge"})
    news = aws.inputs(TEMPLATE, "t", {"instanceType": "p5.48xlarge"}, {"name": made["name"]})
    shown = aws.update(TEMPLATE, "t", identity, news, preview=True)

    assert shown == made | {"instanceType": "p5.48xlarge", "latestVersion": UNKNOWN}
    assert aws.update(TEMPLATE, "t", identity, news)["latestVersion"] == 2
    assert aws.update(TEMPLATE, "t", identity, news)["latestVersion"] == 2


def test_all_faults_come_at_once(aws: Asker) -> None:
    failures = {
        one.property: one.reason for one in aws.check(SUBNET, "s", {"cidr_block": "10.0.0.0/24", "mapPublicIpOnLaunch": 1}).failures
    }

    assert set(failures) == {"cidr_block", "mapPublicIpOnLaunch", "vpcId"}
    assert "the nearest argument is 'cidrBlock'" in failures["cidr_block"]


def test_names_are_made_up_kept_and_renewed(aws: Asker) -> None:
    first = aws.inputs(ROLE, "node", {"assumeRolePolicy": "{}"})["name"]

    assert re.fullmatch(r"node-[0-9a-f]{7}", str(first))
    assert aws.inputs(ROLE, "node", {"assumeRolePolicy": "{}"})["name"] == first
    aws.create(ROLE, "node", {"assumeRolePolicy": "{}"})
    assert aws.inputs(ROLE, "node", {"assumeRolePolicy": "{}"}, {"name": first})["name"] == first
    assert aws.inputs(ROLE, "node", {"assumeRolePolicy": "{}"})["name"] != first
    assert aws.inputs(ROLE, "node", {"assumeRolePolicy": "{}", "name": "mine"})["name"] == "mine"
    assert "name" not in aws.inputs(ROLE, "node", {"assumeRolePolicy": "{}", "namePrefix": "mine"})


@pytest.mark.parametrize(
    ("token", "given", "argument", "pattern"),
    [
        (BUCKET, {}, "bucket", r"longname[a-z]*-[0-9a-f]{7}"),
        (ALIAS, {"targetKeyId": "k"}, "name", r"alias/LongName[a-z]*-[0-9a-f]{7}"),
        (ROLE, {"assumeRolePolicy": "{}"}, "name", r"LongName[a-z]*-[0-9a-f]{7}"),
    ],
)
def test_made_up_names_obey_the_type(aws: Asker, token: str, given: Properties, argument: str, pattern: str) -> None:
    name = str(aws.inputs(token, "LongName" + "e" * 300, given)[argument])

    assert re.fullmatch(pattern, name)
    assert len(name) == {BUCKET: 63, ALIAS: 256, ROLE: 64}[token]


def test_the_engines_own_naming_is_heard(aws: Asker) -> None:
    propose = proto.CheckRequest.AutonamingOptions(proposed_name="shop-role", mode=proto.CheckRequest.AutonamingOptions.ENFORCE)
    never = proto.CheckRequest.AutonamingOptions(mode=proto.CheckRequest.AutonamingOptions.DISABLE)
    asked = to_struct({"assumeRolePolicy": "{}"})

    proposed = aws.stub.Check(proto.CheckRequest(urn=urn(ROLE, "r"), news=asked, autonaming=propose))
    refused = aws.stub.Check(proto.CheckRequest(urn=urn(ROLE, "r"), news=asked, autonaming=never))

    assert from_struct(proposed.inputs)["name"] == "shop-role"
    assert [one.property for one in refused.failures] == ["name"]


def test_a_difference_says_where_and_whether_it_replaces(aws: Asker) -> None:
    olds: Properties = {"vpcId": "v", "cidrBlock": "10.0.0.0/24", "tags": {"a": "1"}}
    answer = aws.diff(SUBNET, "s", olds, {"vpcId": "v", "cidrBlock": "10.0.1.0/24", "tags": {"b": "1"}, "mapPublicIpOnLaunch": True})

    assert {path: one.kind for path, one in answer.detailedDiff.items()} == {
        "cidrBlock": proto.PropertyDiff.UPDATE_REPLACE,
        "tags.a": proto.PropertyDiff.DELETE,
        "tags.b": proto.PropertyDiff.ADD,
        "mapPublicIpOnLaunch": proto.PropertyDiff.ADD,
    }
    assert list(answer.replaces) == ["cidrBlock"]
    assert not answer.deleteBeforeReplace
    assert aws.diff(SUBNET, "s", olds, {**olds, "cidrBlock": "x"}, ["cidrBlock"]).changes == proto.DiffResponse.DIFF_NONE


@pytest.mark.parametrize(
    ("name", "first"),
    [("fixed", True), ("role-0123abc", False)],
)
def test_a_fixed_name_has_to_be_freed_before_it_is_used_again(aws: Asker, name: str, *, first: bool) -> None:
    olds: Properties = {"name": name, "path": "/", "assumeRolePolicy": "{}"}

    assert aws.diff(ROLE, "role", olds, {**olds, "path": "/x/"}).deleteBeforeReplace is first
    assert not aws.diff(ROLE, "role", olds, {**olds, "name": "other"}).deleteBeforeReplace


def test_a_name_that_is_taken_is_refused_and_can_be_adopted(aws: Asker, cloud: PretendCloud) -> None:
    """What a killed run left behind stands in the way of the next, as in AWS, and is adopted by an import."""
    given: Properties = {"name": "fixed", "assumeRolePolicy": "{}"}
    identity, made = aws.create(ROLE, "node", given)

    with pytest.raises(
        grpc.RpcError, match=r"EntityAlreadyExists: .*name .*fixed.* exists already.*pulumi import aws:iam/role:Role node fixed"
    ):
        aws.create(ROLE, "node", given)
    adopted = aws.read(ROLE, "node", identity)
    assert from_struct(adopted.properties) == made
    assert from_struct(adopted.inputs)["assumeRolePolicy"] == "{}"
    assert [held.id for held in cloud.resources()] == ["fixed"]


def test_what_has_no_name_of_its_own_is_made_twice(aws: Asker, cloud: PretendCloud) -> None:
    first, _ = aws.create(VPC, "net", {"cidrBlock": "10.0.0.0/16"})
    second, _ = aws.create(VPC, "net", {"cidrBlock": "10.0.0.0/16"})

    assert first != second
    assert {held.id for held in cloud.resources()} == {first, second}


def test_settings_of_a_bucket_are_written_over(aws: Asker, cloud: PretendCloud) -> None:
    policy = "aws:s3/bucketPolicy:BucketPolicy"
    aws.create(policy, "p", {"bucket": "b", "policy": "1"})
    aws.create(policy, "p", {"bucket": "b", "policy": "2"})

    assert [held.outputs["policy"] for held in cloud.resources()] == ["2"]


def test_drift_is_seen(aws: Asker, store: Path) -> None:
    inputs = aws.inputs(VPC, "net", {"cidrBlock": "10.0.0.0/16", "enableDnsSupport": True})
    identity, _ = aws.create(VPC, "net", {"cidrBlock": "10.0.0.0/16", "enableDnsSupport": True})
    tamper(store, "update resources set outputs = json_set(outputs, '$.enableDnsSupport', json('false')) where id = ?", identity)
    live = aws.read(VPC, "net", identity, inputs)

    assert from_struct(live.inputs) == inputs | {"enableDnsSupport": False}
    assert list(aws.diff(VPC, "net", from_struct(live.inputs), inputs).detailedDiff) == ["enableDnsSupport"]


def test_changing_what_is_gone_is_refused(aws: Asker) -> None:
    with pytest.raises(grpc.RpcError, match=r"'vpc-1' does not exist in the pretend cloud\. Run `pulumi refresh`"):
        aws.update(VPC, "net", "vpc-1", {"cidrBlock": "10.0.0.0/16"})


def test_the_default_group_is_the_networks_own(aws: Asker) -> None:
    vpc, made = aws.create(VPC, "net", {"cidrBlock": "10.0.0.0/16"})

    assert aws.create("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "d", {"vpcId": vpc})[0] == made["defaultSecurityGroupId"]


def test_a_cluster_knows_its_network_and_its_issuer(aws: Asker) -> None:
    vpc, _ = aws.create(VPC, "net", {"cidrBlock": "10.0.0.0/16"})
    subnet, _ = aws.create(SUBNET, "s", {"vpcId": vpc, "cidrBlock": "10.0.0.0/24"})
    _, made = aws.create(CLUSTER, "gpu", {"roleArn": "arn:r", "name": "gpu", "vpcConfig": {"subnetIds": [subnet]}})

    assert isinstance(network := made["vpcConfig"], dict)
    assert network["vpcId"] == vpc
    assert re.fullmatch(r"https://[0-9A-F]{32}\.gr7\.us-east-1\.eks\.amazonaws\.com", str(made["endpoint"]))
    digits = str(made["endpoint"])[8:40]
    assert made["identities"] == [{"oidcs": [{"issuer": f"https://oidc.eks.us-east-1.amazonaws.com/id/{digits}"}]}]


def test_two_providers_of_one_package_are_told_apart(cloud: PretendCloud, aws: Asker) -> None:
    with channel(cloud) as wire:
        west = Asker(ResourceProviderStub(wire))
        west.configure({"region": "us-west-2"})

        assert west.create(VPC, "w", {"cidrBlock": "10.0.0.0/16"})[1]["region"] == "us-west-2"
        assert aws.create(VPC, "e", {"cidrBlock": "10.1.0.0/16"})[1]["region"] == "us-east-1"


def test_a_providers_settings_are_checked(aws: Asker) -> None:
    def faults(settings: Properties) -> dict[str, str]:
        answer = aws.stub.CheckConfig(proto.CheckRequest(urn="urn:pulumi:dev::shop::pulumi:providers:aws::p", news=to_struct(settings)))
        return {one.property: one.reason for one in answer.failures}

    assert faults({"region": "us-east-1", "version": "7.51.1", "defaultTags": '{"tags":{"a":"b"}}', "skipMetadataApiCheck": "true"}) == {}
    assert "pulumi config set aws:region" in faults({})["region"]
    assert set(faults({"regoin": "us-east-1", "defaultTags": '{"tags":{"a":1}}'})) == {"region", "regoin", "defaultTags.tags.a"}


def test_ids_are_the_same_in_every_rehearsal_and_others_with_another_seed(tmp_path: Path) -> None:
    made = []
    for number, seed in enumerate((1, 1, 2)):
        with PretendCloud(tmp_path / f"{number}.sqlite", seed=seed) as cloud, channel(cloud) as wire:
            made.append(Asker(ResourceProviderStub(wire)).create(VPC, "net", {"cidrBlock": "10.0.0.0/16"}))

    assert made[0] == made[1]
    assert made[0][0] != made[2][0]


def test_a_store_outlives_its_cloud(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "cloud.sqlite"
    with PretendCloud(path) as cloud, channel(cloud) as wire:
        Asker(ResourceProviderStub(wire)).create(VPC, "net", {"cidrBlock": "10.0.0.0/16"})
        held = cloud.resources()
    with PretendCloud(path) as cloud:
        assert cloud.resources() == held


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cloud.sqlite"
    path.write_text("hello " * 1000)

    with pytest.raises(BadInput, match="is no pretend cloud"):
        PretendCloud(path)


def test_every_answer_is_counted(aws: Asker, cloud: PretendCloud) -> None:
    before = cloud.timings.get("Create")
    aws.create(VPC, "net", {"cidrBlock": "10.0.0.0/16"})

    assert cloud.timings["Create"].calls == (before.calls if before else 0) + 1
    assert cloud.seconds > 0


def test_an_id_that_is_unique_in_its_group_alone_may_occur_in_every_group(aws: Asker, cloud: PretendCloud) -> None:
    """A group that is replaced has a successor beside it for a while, with schedules of the same names."""
    ones = {
        group: aws.inputs(SCHEDULE, "night", {"autoscalingGroupName": group, "scheduledActionName": "night"}) for group in ("old", "new")
    }
    made = {group: aws.create(SCHEDULE, "night", inputs)[0] for group, inputs in ones.items()}

    assert made == {"old": "night", "new": "night"}
    assert {held.id for held in cloud.resources()} == {"old/night", "new/night"}
    with pytest.raises(grpc.RpcError, match=r"AlreadyExists.*Schedule night new/night"):
        aws.create(SCHEDULE, "night", ones["new"])
    aws.delete(SCHEDULE, "night", "night", ones["old"])
    assert aws.read(SCHEDULE, "night", "night", ones["old"]).id == ""
    assert aws.read(SCHEDULE, "night", "new/night").id == "new/night"
    assert aws.update(SCHEDULE, "night", "night", ones["new"] | {"minSize": 3})["minSize"] == 3
