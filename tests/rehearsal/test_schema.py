"""The schema that is read out of the installed SDK, and arguments held against it."""

import subprocess
import sys

import pytest

from lepton_infra.errors import BadInput
from lepton_infra.rehearsal.check import check
from lepton_infra.rehearsal.schema import ListOf, ObjectOf, Scalar
from lepton_infra.rehearsal.sdk import Sdk
from lepton_infra.rehearsal.wire import UNKNOWN, Value

CLUSTER = "aws:eks/cluster:Cluster"
GROUP = "aws:eks/nodeGroup:NodeGroup"


@pytest.fixture(scope="module")
def sdk() -> Sdk:
    return Sdk("aws")


def _faults(sdk: Sdk, token: str, values: dict[str, Value]) -> dict[str, str]:
    return {one.path: one.reason for one in check(sdk.resource(token).inputs, values)}


def test_a_type_says_names_kinds_and_what_is_required(sdk: Sdk) -> None:
    subnet = sdk.resource("aws:ec2/subnet:Subnet")

    assert subnet.inputs["vpcId"].required
    assert subnet.inputs["cidrBlock"].shape == Scalar("string")
    assert subnet.inputs["ipv4NetmaskLength"].shape == Scalar("integer")
    assert not subnet.inputs["cidrBlock"].required
    assert {"arn", "ownerId", "tagsAll"} <= set(subnet.outputs) - set(subnet.inputs)


def test_nested_types_are_read_to_the_leaves(sdk: Sdk) -> None:
    mappings = sdk.resource("aws:ec2/launchTemplate:LaunchTemplate").inputs["blockDeviceMappings"].shape

    assert isinstance(mappings, ListOf)
    assert isinstance(mappings.item, ObjectOf)
    volume = mappings.item.fields["ebs"].shape
    assert isinstance(volume, ObjectOf)
    assert volume.fields["volumeSize"].shape == Scalar("integer")


def test_a_type_that_contains_itself_is_read(sdk: Sdk) -> None:
    rules = sdk.resource("aws:wafv2/webAcl:WebAcl").inputs["rules"].shape

    assert isinstance(rules, ListOf)
    assert isinstance(rules.item, ObjectOf)
    assert "statement" in rules.item.fields


def test_arguments_whose_class_had_to_be_called_otherwise_are_found(sdk: Sdk) -> None:
    assert "destinationCidrBlock" in sdk.resource("aws:ec2/vpnConnectionRoute:VpnConnectionRoute").inputs


def test_functions_and_the_provider_have_schemas_too(sdk: Sdk) -> None:
    zones = sdk.function("aws:index/getAvailabilityZones:getAvailabilityZones")

    assert set(zones.inputs) == {"allAvailabilityZones", "excludeNames", "excludeZoneIds", "filters", "region", "state"}
    assert zones.outputs["zoneIds"].shape == ListOf(Scalar("string"))
    assert isinstance(sdk.provider().inputs["defaultTags"].shape, ObjectOf)


@pytest.mark.parametrize(
    ("package", "token", "name"),
    [
        ("aws", "aws:ec2/getAmi:getAmi", "pulumi_aws.ec2.get_ami"),
        ("aws", "aws:index/getRegion:getRegion", "pulumi_aws.get_region"),
        ("gcp", "gcp:compute/getImage:getImage", "pulumi_gcp.compute.get_image"),
        ("azure-native", "azure-native:network:getVirtualNetwork", "pulumi_azure_native.network.get_virtual_network"),
        ("aws", "aws:eks/cluster:Cluster", "pulumi_aws.eks.Cluster"),
        ("aws", "aws:eks/accessEntry:AccessEntry", "pulumi_aws.eks.AccessEntry"),
        ("gcp", "gcp:container/cluster:Cluster", "pulumi_gcp.container.Cluster"),
        ("azure-native", "azure-native:keyvault:Vault", "pulumi_azure_native.keyvault.Vault"),
    ],
)
def test_what_was_read_stays_usable(package: str, token: str, name: str) -> None:
    """In an interpreter of its own: here the packages are loaded already."""
    kind = "function" if ":get" in token else "resource"
    lines = [
        "from lepton_infra.rehearsal.sdk import Sdk",
        f"assert Sdk({package!r}).{kind}({token!r}).inputs is not None",
        f"import {name.partition('.')[0]}",
        f"assert callable({name}), {name}",
    ]

    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)


@pytest.mark.parametrize("token", ["aws:ec2/subnett:Subnett", "subnet", "", "gcp:compute/network:Network"])
def test_a_type_that_does_not_exist_is_said(sdk: Sdk, token: str) -> None:
    with pytest.raises(BadInput, match="is no resource type of the installed pulumi_aws"):
        sdk.resource(token)


@pytest.mark.parametrize("token", ["aws:ec2/getNothing:getNothing", "aws:nowhere/getVpc:getVpc", "x"])
def test_a_data_source_that_does_not_exist_is_said(sdk: Sdk, token: str) -> None:
    with pytest.raises(BadInput, match="is no data source of the installed pulumi_aws"):
        sdk.function(token)


def test_a_package_that_is_not_installed_is_said() -> None:
    with pytest.raises(BadInput, match="'pulumi_nimbus', which is not installed"):
        Sdk("nimbus")


def test_every_fault_is_found_at_its_own_path(sdk: Sdk) -> None:
    faults = _faults(
        sdk,
        CLUSTER,
        {
            "versoin": "1.34",
            "name": 5,
            "deletionProtection": "yes",
            "tags": {"owner": 7},
            "vpcConfig": {"subnet_ids": ["subnet-1"], "securityGroupIds": ["sg-1", False]},
        },
    )

    assert set(faults) == {
        "versoin",
        "name",
        "deletionProtection",
        "tags.owner",
        "vpcConfig.subnet_ids",
        "vpcConfig.subnetIds",
        "vpcConfig.securityGroupIds[1]",
        "roleArn",
    }
    assert faults["versoin"] == "is not known; the nearest argument is 'version'. Correct the name."
    assert faults["vpcConfig.subnet_ids"] == "is not known; the nearest argument is 'subnetIds'. Correct the name."
    assert faults["name"] == "is the number 5; a string is wanted. Change the value."
    assert faults["deletionProtection"] == "is the string 'yes'; true or false is wanted. Change the value."
    assert faults["vpcConfig.securityGroupIds[1]"] == "is false; a string is wanted. Change the value."
    assert faults["roleArn"] == "is missing; it is required. Give it a value."


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([{"minSize": 0}], "is a list of 1; an object is wanted"),
        ("big", "is the string 'big'; an object is wanted"),
        ("x" * 10_000, "…; an object is wanted"),
        (True, "is true; an object is wanted"),
    ],
)
def test_another_kind_than_an_object_is_refused(sdk: Sdk, value: Value, said: str) -> None:
    given: dict[str, Value] = {"clusterName": "c", "nodeRoleArn": "r", "subnetIds": ["s"], "scalingConfig": value}

    assert said in _faults(sdk, GROUP, given)["scalingConfig"]
    assert len(_faults(sdk, GROUP, given)["scalingConfig"]) < 200


def test_whole_numbers_and_numbers_are_told_apart(sdk: Sdk) -> None:
    given: dict[str, Value] = {"minSize": 1.5, "maxSize": "3", "desiredSize": True}
    faults = _faults(sdk, GROUP, {"clusterName": "c", "nodeRoleArn": "r", "subnetIds": ["s"], "scalingConfig": given})

    assert set(faults) == {"scalingConfig.minSize", "scalingConfig.maxSize", "scalingConfig.desiredSize"}


def test_a_name_like_no_other_gets_the_whole_list(sdk: Sdk) -> None:
    said = _faults(sdk, "aws:kms/key:Key", {"zzz": 1})["zzz"]

    assert said.startswith("is not known; the arguments are ")
    assert "deletionWindowInDays" in said


def test_unknown_values_pass_wherever_they_stand(sdk: Sdk) -> None:
    given: dict[str, Value] = {"roleArn": UNKNOWN, "vpcConfig": {"subnetIds": [UNKNOWN]}, "tags": UNKNOWN, "deletionProtection": UNKNOWN}

    assert _faults(sdk, CLUSTER, given) == {}


def test_what_is_null_counts_as_not_given(sdk: Sdk) -> None:
    assert set(_faults(sdk, CLUSTER, {"roleArn": None, "version": None, "vpcConfig": {"subnetIds": ["a"]}})) == {"roleArn"}


def test_assets_pass_only_where_files_are_wanted(sdk: Sdk) -> None:
    asset: Value = {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", "text": "hello"}

    assert "source" not in _faults(sdk, "aws:s3/bucketObject:BucketObject", {"bucket": "b", "source": asset})
    assert "asset or archive; a string" in _faults(sdk, "aws:s3/bucketObject:BucketObject", {"bucket": asset})["bucket"]


def test_an_object_that_comes_in_kinds_may_be_any_of_them() -> None:
    compute = Sdk("azure-native").resource("azure-native:machinelearningservices:Compute").inputs
    cluster: dict[str, Value] = {"resourceGroupName": "rg", "workspaceName": "w"}

    def faults(properties: Value) -> set[str]:
        return {one.path for one in check(compute, {**cluster, "properties": properties})}

    scale: dict[str, Value] = {"minNodeCount": 0, "maxNodeCount": 4}
    assert faults({"computeType": "AmlCompute", "properties": {"vmSize": "Standard_NC4as_T4_v3", "scaleSettings": scale}}) == set()
    assert faults({"computeType": "ComputeInstance", "properties": {"idleTimeBeforeShutdown": "PT30M"}}) == set()
    assert faults({"computeType": "AmlCompute", "properties": {"scaleSetings": scale}}) == {"properties.properties.scaleSetings"}
