"""What only AWS has: how its resources say encrypted, private and least privilege."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lepton_components import AutoscalingGroup, BadArgs, EncryptedNetwork
from lepton_components.aws.answers import zones
from lepton_components.testing import UNKNOWN, Built, Graph
from lepton_infra.sizing.plan import Plan

pytestmark = pytest.mark.parametrize("rig", ["aws"], indirect=True)


@pytest.fixture(scope="module", params=["up", "preview"])
def graph(rig: Any, request: pytest.FixtureRequest) -> Graph:
    """Return the stack, once with all identifiers known and once with none: neither may hide a fault."""
    return rig.stack(preview=request.param == "preview")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return Plan.model_validate_json(Path("stacks/plans/serve-aws.json").read_bytes())


def _documents(graph: Graph) -> list[tuple[Built, dict[str, Any]]]:
    """Return every policy document that is known, with the resource that carries it."""
    fields = ("policy", "assumeRolePolicy")
    texts = [(one, one.inputs[field]) for one in graph.resources for field in fields if isinstance(one.inputs.get(field), str)]
    return [(one, json.loads(text)) for one, text in texts if text != UNKNOWN]


def _statements(graph: Graph, *types: str) -> list[tuple[str, dict[str, Any]]]:
    return [(one.name, statement) for one, document in _documents(graph) if one.type in types for statement in document["Statement"]]


def test_every_key_rotates_and_lingers(graph: Graph) -> None:
    keys = graph.of("aws:kms/key:Key")

    assert len(keys) == 5
    assert {(key.inputs["enableKeyRotation"], key.inputs["deletionWindowInDays"]) for key in keys} == {(True, 30)}


def test_every_key_is_used_through_one_service_or_by_one_role(graph: Graph) -> None:
    for name, statement in _statements(graph, "aws:kms/key:Key"):
        assert statement["Principal"] != "*"
        assert statement["Principal"].get("AWS") != "*"
        assert not any("*" in action for action in statement["Action"]), name
        if statement["Sid"] != "Administration":
            assert "Condition" in statement or statement["Principal"]["AWS"].endswith("AWSServiceRoleForAutoScaling")
            assert "kms:PutKeyPolicy" not in statement["Action"]


def test_no_identity_may_do_everything_or_anything_everywhere(graph: Graph) -> None:
    statements = _statements(graph, "aws:iam/rolePolicy:RolePolicy")

    assert not any("*" in action for _, statement in statements for action in statement["Action"])
    everywhere = {statement.get("Sid"): statement for _, statement in statements if statement["Resource"] == "*"}
    assert set(everywhere) <= {"Publish", "Sessions"}
    assert all("aws:EC2InstanceSourceVPC" in statement["Condition"]["StringEquals"] for statement in everywhere.values())


def test_every_role_is_assumed_by_one_service(graph: Graph) -> None:
    trusts = _statements(graph, "aws:iam/role:Role")

    assert len(trusts) == 6
    assert all(
        list(statement["Principal"]) == ["Service"] and isinstance(statement["Principal"]["Service"], str) for _, statement in trusts
    )


def test_a_service_that_serves_many_accounts_acts_for_this_one_only(graph: Graph) -> None:
    """EC2 hands out a role's credentials inside an instance and knows no source; all others do (IAM, "confused deputy")."""
    for _, statement in _statements(graph, "aws:iam/role:Role"):
        if statement["Principal"]["Service"] != "ec2.amazonaws.com":
            assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
            assert statement["Condition"]["ArnLike"]["aws:SourceArn"].startswith("arn:aws:")


def test_the_network_has_no_way_in_or_out(graph: Graph) -> None:
    types = {one.type for one in graph.resources}

    assert not types & {"aws:ec2/internetGateway:InternetGateway", "aws:ec2/natGateway:NatGateway", "aws:ec2/eip:Eip"}
    assert {one.inputs["mapPublicIpOnLaunch"] for one in graph.of("aws:ec2/subnet:Subnet")} == {False}
    assert [one.inputs.get("routes") for one in graph.of("aws:ec2/routeTable:RouteTable")] == [None] * 3


def test_firewalls_name_what_they_admit(graph: Graph) -> None:
    rules = graph.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    out = graph.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
    (default,) = graph.of("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")

    assert [(one.inputs["cidrIpv4"], one.inputs["fromPort"], one.inputs["toPort"]) for one in rules] == [("10.20.0.0/16", 443, 443)]
    assert {(one.inputs.get("cidrIpv4"), one.inputs.get("fromPort"), one.inputs.get("toPort")) for one in out} == {
        ("10.20.0.0/16", 443, 443),
        (None, 443, 443),
    }
    assert (default.inputs["ingress"], default.inputs["egress"]) == ([], [])
    assert all(one.inputs["description"] for one in [*rules, *out, *graph.of("aws:ec2/securityGroup:SecurityGroup")])


def test_all_traffic_is_logged_and_every_log_is_encrypted_and_ends(graph: Graph) -> None:
    (flow,) = graph.of("aws:ec2/flowLog:FlowLog")
    logs = graph.of("aws:cloudwatch/logGroup:LogGroup")

    assert flow.inputs["trafficType"] == "ALL"
    assert sorted(one.inputs["name"] for one in logs) == ["/aws/eks/lepton-serve-aws/cluster", "/lepton/lepton-serve-aws/network-flow"]
    assert all(one.inputs["kmsKeyId"] and one.inputs["retentionInDays"] == 365 for one in logs)


def test_the_logs_key_admits_every_log_group_there_is(graph: Graph) -> None:
    ((_, logs),) = [(name, one) for name, one in _statements(graph, "aws:kms/key:Key") if one["Sid"] == "Logs"]
    allowed = [
        arn.rpartition("log-group:")[2].removesuffix("*") for arn in logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
    ]

    assert all(any(one.inputs["name"].startswith(prefix) for prefix in allowed) for one in graph.of("aws:cloudwatch/logGroup:LogGroup"))


def test_endpoints_serve_this_account_only(graph: Graph) -> None:
    endpoints = graph.of("aws:ec2/vpcEndpoint:VpcEndpoint")
    statements = _statements(graph, "aws:ec2/vpcEndpoint:VpcEndpoint")

    assert {one.inputs["vpcEndpointType"] for one in endpoints} == {"Gateway", "Interface"}
    assert all("123456789012" in json.dumps(one.get("Condition")) for _, one in statements if one.get("Sid") != "AwsImagesAndPackages")
    assert all(one.inputs["privateDnsEnabled"] for one in endpoints if one.inputs["vpcEndpointType"] == "Interface")


def test_both_buckets_are_shut_versioned_and_encrypted(graph: Graph) -> None:
    blocks = graph.of("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    encryption = graph.of("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
    (rules,) = zip(*(one.inputs["rules"] for one in encryption), strict=True)

    assert [[one.inputs[flag] for flag in flags] for one in blocks] == [[True] * 4] * 2
    assert [one.inputs["versioningConfiguration"]["status"] for one in graph.of("aws:s3/bucketVersioning:BucketVersioning")] == [
        "Enabled"
    ] * 2
    assert [rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] for rule in rules] == ["AES256", "aws:kms"]
    assert [rule["blockedEncryptionTypes"] for rule in rules] == [["SSE-C"]] * 2
    assert {one.inputs["rule"]["objectOwnership"] for one in graph.of("aws:s3/bucketOwnershipControls:BucketOwnershipControls")} == {
        "BucketOwnerEnforced"
    }
    assert len(graph.of("aws:s3/bucketPolicy:BucketPolicy")) == len(graph.of("aws:s3/bucket:Bucket")) == 2


def test_the_api_server_is_reached_from_inside_only(graph: Graph) -> None:
    (cluster,) = graph.of("aws:eks/cluster:Cluster")
    inputs = cluster.inputs

    assert (inputs["vpcConfig"]["endpointPrivateAccess"], inputs["vpcConfig"]["endpointPublicAccess"]) == (True, False)
    assert inputs["accessConfig"] == {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}
    assert inputs["encryptionConfig"]["resources"] == ["secrets"]
    assert len(inputs["enabledClusterLogTypes"]) == 5
    assert inputs["upgradePolicy"]["supportType"] == "STANDARD"
    assert inputs["deletionProtection"] is True
    assert inputs["bootstrapSelfManagedAddons"] is False


def test_every_node_answers_by_token_and_has_an_encrypted_disk_and_no_public_address(graph: Graph) -> None:
    templates = graph.of("aws:ec2/launchTemplate:LaunchTemplate")

    assert len(templates) == 3
    for template in templates:
        options, (mapping,), (card,) = (template.inputs[key] for key in ("metadataOptions", "blockDeviceMappings", "networkInterfaces"))
        assert (options["httpTokens"], options["httpPutResponseHopLimit"]) == ("required", 1)
        assert mapping["ebs"]["encrypted"] == "true"
        assert mapping["ebs"]["volumeType"] == "gp3"
        assert mapping["ebs"]["kmsKeyId"]
        assert card["associatePublicIpAddress"] == "false"
        assert template.inputs["monitoring"]["enabled"] is True
        assert {one["resourceType"] for one in template.inputs["tagSpecifications"]} == {"instance", "network-interface", "volume"}


def test_gpu_nodes_make_one_file_system_of_their_local_disks(graph: Graph) -> None:
    template = graph.one("aws:ec2/launchTemplate:LaunchTemplate", "cluster-chat")

    assert b"strategy: RAID0" in base64.b64decode(template.inputs["userData"])


def test_add_ons_wait_for_what_they_need_and_nodes_wait_for_add_ons(graph: Graph) -> None:
    urns = {one.name: one.urn for one in graph.of("aws:eks/addon:Addon") + graph.of("aws:eks/nodeGroup:NodeGroup")}
    after = {one.urn: one.after for one in graph.resources}

    for pool in ("cluster-system", "cluster-chat"):
        assert after[urns[pool]] >= {urns[f"cluster-{addon}"] for addon in ("vpc-cni", "kube-proxy", "eks-pod-identity-agent")}
    for addon in ("coredns", "aws-ebs-csi-driver", "eks-node-monitoring-agent"):
        assert urns["cluster-system"] in after[urns[f"cluster-{addon}"]]


def test_the_cluster_waits_for_its_rights_its_log_and_the_network(graph: Graph) -> None:
    (cluster,) = graph.of("aws:eks/cluster:Cluster")
    before = {urn.split("::")[2].rpartition("$")[2] for urn in cluster.after}

    assert before >= {
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:kms/alias:Alias",
    }


def test_every_add_on_has_a_version_and_the_network_enforces_policies(graph: Graph) -> None:
    addons = graph.of("aws:eks/addon:Addon")
    cni = graph.one("aws:eks/addon:Addon", "cluster-vpc-cni")

    assert all(one.inputs["addonVersion"].startswith("v") for one in addons)
    assert json.loads(cni.inputs["configurationValues"])["enableNetworkPolicy"] == "true"


def test_pools_take_bounds_and_machine_from_the_plan(graph: Graph, plan: Plan) -> None:
    chat, overflow = plan.pool("chat"), plan.pool("overflow")
    nodes = graph.one("aws:eks/nodeGroup:NodeGroup", "cluster-chat").inputs
    group = graph.one("aws:autoscaling/group:Group", "overflow-workers").inputs

    assert nodes["scalingConfig"] == {"minSize": chat.min_nodes, "desiredSize": chat.min_nodes, "maxSize": chat.max_nodes}
    assert nodes["instanceTypes"] == [chat.offer.machine]
    assert nodes["taints"] == [{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}]
    assert nodes["nodeRepairConfig"] == {"enabled": True}
    assert (group["minSize"], group["maxSize"]) == (overflow.min_nodes, overflow.max_nodes)
    template = graph.one("aws:ec2/launchTemplate:LaunchTemplate", "overflow-worker").inputs
    assert template["instanceType"] == overflow.offer.machine


def test_hours_of_the_plan_are_written_on_the_groups(graph: Graph, plan: Plan) -> None:
    written = [
        (one.inputs["recurrence"], one.inputs["minSize"], one.inputs["desiredCapacity"], one.inputs["maxSize"], one.inputs["timeZone"])
        for one in graph.of("aws:autoscaling/schedule:Schedule")
    ]

    changes = [change for pool in plan.pools for change in pool.schedule]
    assert changes
    assert sorted(written) == sorted((one.cron, one.min_nodes, -1, -1, "Etc/UTC") for one in changes)


def test_a_group_follows_a_target_above_its_floors_where_there_is_no_table(rig: Any) -> None:
    built = rig.build(lambda: AutoscalingGroup("group", rig.group(pool=rig.pool(target_utilisation=0.64, lead_minutes=10))))

    policy = built.one("aws:autoscaling/policy:Policy", "group-load").inputs
    tracked = policy["targetTrackingConfiguration"]
    assert tracked["targetValue"] == pytest.approx(64)
    assert policy["estimatedInstanceWarmup"] == 600
    metric = tracked["customizedMetricSpecification"]
    assert metric["metricDimensions"] == [{"name": "AutoScalingGroupName", "value": policy["autoscalingGroupName"]}]
    assert built.of("aws:cloudwatch/metricAlarm:MetricAlarm") == []
    (statement,) = [one for _, one in _statements(built, "aws:iam/rolePolicy:RolePolicy") if "cloudwatch:PutMetricData" in one["Action"]]
    assert statement["Condition"]["StringEquals"]["cloudwatch:namespace"] == metric["namespace"]


def test_a_group_may_publish_what_its_alarms_look_at(rig: Any) -> None:
    graph = rig.stack()
    looked_at = [
        query["metric"]
        for alarm in graph.of("aws:cloudwatch/metricAlarm:MetricAlarm")
        for query in alarm.inputs["metricQueries"]
        if "metric" in query
    ]
    group = graph.one("aws:autoscaling/policy:Policy", "overflow-load-in").inputs["autoscalingGroupName"]
    assert {metric["dimensions"]["AutoScalingGroupName"] for metric in looked_at} == {group}
    (allowed,) = [
        statement["Condition"]["StringEquals"]["cloudwatch:namespace"]
        for _, statement in _statements(graph, "aws:iam/rolePolicy:RolePolicy")
        if "cloudwatch:PutMetricData" in statement["Action"]
    ]
    assert {metric["namespace"] for metric in looked_at} == {allowed}


def test_without_a_target_the_hours_are_the_size_and_nobody_publishes(rig: Any) -> None:
    graph = rig.build(lambda: AutoscalingGroup("group", rig.group()))

    assert graph.of("aws:autoscaling/policy:Policy") == []
    assert sorted(one.inputs["desiredCapacity"] for one in graph.of("aws:autoscaling/schedule:Schedule")) == [1, 4]
    assert "cloudwatch" not in graph.one("aws:iam/rolePolicy:RolePolicy", "group-worker").inputs["policy"]


def test_the_size_belongs_to_schedule_and_autoscaler(graph: Graph) -> None:
    assert graph.one("aws:eks/nodeGroup:NodeGroup", "cluster-chat").ignored == ("scalingConfig.desiredSize", "subnetIds")
    assert graph.one("aws:autoscaling/group:Group", "overflow-workers").ignored == ("desiredCapacity", "minSize")


def test_without_a_schedule_the_floor_is_the_programs(rig: Any) -> None:
    graph = rig.build(lambda: AutoscalingGroup("group", rig.group(pool=rig.pool(schedule=[]))))

    assert graph.one("aws:autoscaling/group:Group", "group-workers").ignored == ("desiredCapacity",)
    assert graph.of("aws:autoscaling/schedule:Schedule") == []


def test_the_data_bucket_refuses_other_keys_and_old_tls(rig: Any) -> None:
    graph = rig.stack()
    refused = {one["Sid"] for name, one in _statements(graph, "aws:s3/bucketPolicy:BucketPolicy") if name == "storage-models"}

    assert refused == {"TlsOnly", "Tls12", "NoOtherAlgorithm", "NoOtherKey"}


def test_a_provider_of_another_region_is_refused_before_anything_is_built(rig: Any) -> None:
    with pytest.raises(BadArgs, match=r"network.scope.region: is 'eu-west-1'; the provider goes to us-east-1"):
        rig.build(lambda: EncryptedNetwork("network", rig.network(scope=rig.scope | {"region": "eu-west-1"})))


def test_too_few_zones_are_refused_with_those_there_are(rig: Any) -> None:
    small = replace(rig, answers={**rig.answers, "aws:index/getAvailabilityZones:getAvailabilityZones": lambda _: zones("us-east-1", 2)})

    with pytest.raises(BadArgs, match=r"network.zones: is 3; us-east-1 has 2 zones that will do: us-east-1a, us-east-1b"):
        small.build(lambda: EncryptedNetwork("network", rig.network()))
