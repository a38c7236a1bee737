"""Running programs against our own monitor: what is known, what is not, and from where."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lepton_infra.graph import Asset, Graph, Position, Resource, Secret, Unknown, as_document
from lepton_infra.graph.model import UNKNOWN
from lepton_infra.graph.program import Built

from .conftest import run, write_project

SETTINGS = '{"aws:region": "eu-west-1", "shop:token": {secure: "v1:abc"}, "shop:deep": {a: {secure: "v1:abc"}, b: 1}, "shop:n": 5}'
PROGRAM = """
import pulumi
import pulumi_aws as aws

config = pulumi.Config()
assert config.require_int("n") == 5
assert config.require_object("deep")["b"] == 1
pulumi.log.warn("careful")
print("a line")


class Pair(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("shop:index:Pair", name, {}, opts)
        here = pulumi.ResourceOptions(parent=self)
        self.key = aws.kms.Key("key", enable_key_rotation=True, opts=here)
        aws.kms.Alias("alias", target_key_id=self.key.key_id, opts=here)
        self.register_outputs({"arn": self.key.arn})


west = aws.Provider("west", region="us-west-2", default_tags={"tags": {"owner": "me"}})
pair = Pair("pair", pulumi.ResourceOptions(protect=True, providers=[west]))
bucket = aws.s3.Bucket("data", tags={"n": "1"}, opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="old")], ignore_changes=["tags"]))
secret = aws.ssm.Parameter("token", type="SecureString", value=config.require_secret("token").apply(lambda token: "x" + token))
given = aws.ssm.Parameter("given", type="SecureString", value=pulumi.Output.secret("hunter2"))
found = aws.ec2.Vpc.get("found", "vpc-123")
subnet = aws.ec2.Subnet("sub", vpc_id=found.id, cidr_block="10.0.0.0/24", opts=pulumi.ResourceOptions(depends_on=[pair]))
aws.s3.BucketObject("page", bucket=bucket.id, key="k", source=pulumi.FileAsset("__main__.py"))
cluster = aws.eks.Cluster("cluster", role_arn="arn:aws:iam::1:role/r", vpc_config={"subnet_ids": [subnet.id]})
aws.ec2.SecurityGroupRule(
    "rule", type="ingress", from_port=443, to_port=443, protocol="tcp", cidr_blocks=["10.0.0.0/8"],
    security_group_id=cluster.vpc_config.cluster_security_group_id,
)
pulumi.export("subnets", cluster.vpc_config.subnet_ids)
pulumi.export("region", west.region)
pulumi.export("password", pulumi.Output.secret("hunter2"))
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return run(write_project(tmp_path_factory.mktemp("program") / "shop", PROGRAM, SETTINGS))


@pytest.fixture(scope="module")
def graph(built: Built) -> Graph:
    return built.graph


def _one(graph: Graph, name: str, kind: str = "") -> Resource:
    (found,) = [one for one in graph.resources if one.name == name and kind in one.type]
    return found


def test_what_a_program_gives_is_known_and_what_a_cloud_makes_is_not(graph: Graph) -> None:
    assert _one(graph, "data").inputs == {"tags": {"n": "1"}}
    assert _one(graph, "alias").inputs == {"targetKeyId": UNKNOWN}
    assert _one(graph, "page").inputs == {"bucket": UNKNOWN, "key": "k", "source": Asset()}


def test_a_field_that_a_cloud_fills_inside_what_was_given_is_unknown(graph: Graph) -> None:
    assert _one(graph, "rule").inputs["securityGroupId"] == UNKNOWN


def test_relations_are_kept_by_resource_and_by_property(graph: Graph) -> None:
    key, alias, subnet = _one(graph, "key"), _one(graph, "alias"), _one(graph, "sub")

    assert key.urn == "urn:pulumi:dev::shop::shop:index:Pair$aws:kms/key:Key::key"
    assert alias.property_dependencies == {"targetKeyId": (key.urn,)}
    # To depend on a component is to depend on what is in it.
    assert {_one(graph, "found").urn, key.urn, alias.urn} <= set(subnet.dependencies)
    assert subnet.property_dependencies == {"vpcId": (_one(graph, "found").urn,)}
    assert _one(graph, "data").aliases[0] == "urn:pulumi:dev::shop::aws:s3/bucket:Bucket::old"
    assert _one(graph, "data").ignore_changes == ("tags",)


def test_protection_and_providers_are_inherited(graph: Graph) -> None:
    west = _one(graph, "west")

    assert [_one(graph, name).protect for name in ("pair", "key", "data")] == [True, True, False]
    assert _one(graph, "key").provider == west.urn
    assert west.inputs["region"] == "us-west-2"


def test_a_resource_without_a_provider_gets_the_default_one_with_the_stacks_settings(graph: Graph) -> None:
    provider = graph.by_urn[_one(graph, "data").provider or ""]

    assert provider.name.startswith("default_7_")
    assert provider.inputs["region"] == "eu-west-1"


def test_what_is_only_read_is_not_built(graph: Graph) -> None:
    assert _one(graph, "found").external
    assert _one(graph, "found") not in graph.built()
    assert _one(graph, "found").inputs == {}


def test_secrets_of_the_stack_file_are_not_read_and_those_of_the_program_not_written(graph: Graph) -> None:
    token, given = _one(graph, "token").inputs["value"], _one(graph, "given").inputs["value"]

    assert isinstance(token, Secret)
    assert isinstance(token.value, Unknown)
    assert isinstance(given, Secret)
    assert given.value == "hunter2"
    assert "hunter2" not in repr(graph) + str(as_document(graph))


def test_every_resource_knows_its_line(graph: Graph, tmp_path: Path) -> None:
    del tmp_path
    lines = PROGRAM.splitlines()

    for name, words in (("data", "bucket = aws"), ("key", "self.key = aws"), ("west", "west = aws"), ("pair", "pair = Pair")):
        position = _one(graph, name).position
        assert position is not None
        assert (position.file, lines[position.line - 1].strip()[: len(words)]) == ("__main__.py", words)


def test_outputs_of_stack_and_components_are_kept(graph: Graph) -> None:
    outputs = _one(graph, "shop-dev").outputs

    assert (outputs["region"], outputs["password"]) == ("us-west-2", Secret())
    assert outputs["subnets"] == UNKNOWN or outputs["subnets"] == [UNKNOWN]
    assert _one(graph, "pair").outputs == {"arn": UNKNOWN}


def test_parents_and_what_is_needed_come_first(graph: Graph) -> None:
    seen: set[str] = set()
    for resource in graph.resources:
        assert {resource.parent, *resource.dependencies} <= seen | {None}
        seen.add(resource.urn)


def test_warnings_and_prints_are_told(built: Built) -> None:
    assert built.logged == ("warning: careful",)
    assert built.printed == ("a line",)


def test_two_runs_give_one_graph(built: Built, tmp_path: Path) -> None:
    again = run(write_project(tmp_path / "shop", PROGRAM, SETTINGS))

    assert as_document(again.graph) == as_document(built.graph)


def test_data_sources_are_asked_with_the_settings_of_their_provider(build: Callable[..., Built]) -> None:
    asked: list[tuple[str, Mapping[str, object], Mapping[str, object]]] = []

    def answers(token: str, arguments: Mapping[str, object], settings: Mapping[str, object]) -> Mapping[str, object] | None:
        asked.append((token, arguments, settings))
        return {"names": ["z1"], "zoneIds": [], "groupNames": [], "id": "x", "region": "r"} if "Availability" in token else None

    program = """
        import pulumi
        import pulumi_aws as aws
        zones = aws.get_availability_zones(state="available")
        aws.ebs.Volume("disk", availability_zone=zones.names[0], size=1)
        aws.ebs.Volume("other", availability_zone="z", size=1, snapshot_id=aws.ebs.get_snapshot_output(most_recent=True).id)
    """

    built = build(program, '{"aws:region": "eu-west-1"}', answers)

    assert _one(built.graph, "disk").inputs["availabilityZone"] == "z1"
    assert asked[0] == ("aws:index/getAvailabilityZones:getAvailabilityZones", {"state": "available"}, {"region": "eu-west-1"})
    assert _one(built.graph, "other").inputs["snapshotId"] == UNKNOWN
    assert built.unanswered == ("aws:ebs/getSnapshot:getSnapshot",)


def test_what_a_provider_answers_in_another_shape_than_it_was_given_is_not_known(build: Callable[..., Built]) -> None:
    """Azure takes a list of identities and returns a mapping; the list is an input all the same."""
    made = build("""
import pulumi
import pulumi_azure_native as azure

cluster = azure.containerservice.ManagedCluster(
    "cluster",
    resource_group_name="rg",
    identity={"type": azure.containerservice.ResourceIdentityType.USER_ASSIGNED, "user_assigned_identities": ["an identity"]},
    agent_pool_profiles=[{"name": "system", "mode": "System", "vm_size": "Standard_D4s_v5", "count": 3}],
    tags={"owner": "me"},
)
pulumi.export("identities", cluster.identity.user_assigned_identities)
pulumi.export("count", cluster.agent_pool_profiles[0].count)
pulumi.export("owner", cluster.tags.apply(lambda tags: tags["owner"]))
""").graph
    (cluster,) = [one for one in made.resources if one.name == "cluster"]
    assert cluster.inputs["identity"] == {"type": "UserAssigned", "userAssignedIdentities": ["an identity"]}
    (stack,) = [one for one in made.resources if one.type == "pulumi:pulumi:Stack"]
    assert stack.outputs == {"identities": UNKNOWN, "count": 3, "owner": "me"}


def test_transforms_of_resources_ancestors_and_stack_are_applied(build: Callable[..., Built]) -> None:
    program = """
        import pulumi
        import pulumi_aws as aws

        def tagged(by):
            def transform(args):
                if args.type_ != "aws:s3/bucket:Bucket":
                    return None
                tags = {**args.props.get("tags", {}), by: str(len(args.props.get("tags", {})))}
                return pulumi.ResourceTransformResult(props={**args.props, "tags": tags}, opts=pulumi.ResourceOptions.merge(
                    args.opts, pulumi.ResourceOptions(protect=True)))
            return transform

        pulumi.runtime.register_resource_transform(tagged("stack"))
        above = pulumi.ComponentResource("shop:index:Thing", "above", {}, pulumi.ResourceOptions(transforms=[tagged("above")]))
        aws.s3.Bucket("data", opts=pulumi.ResourceOptions(parent=above, transforms=[tagged("own")]))
    """

    bucket = _one(build(program).graph, "data")

    assert (bucket.inputs, bucket.protect) == ({"tags": {"own": "0", "above": "1", "stack": "2"}}, True)


def test_a_program_of_coroutines_and_one_that_builds_inside_an_apply_are_heard_out(build: Callable[..., Built]) -> None:
    program = """
        import pulumi

        async def main():
            outer = pulumi.ComponentResource("shop:index:Thing", "outer")
            outer.urn.apply(lambda _: pulumi.CustomResource("aws:ec2/vpc:Vpc", "inner", {"share": float("inf")}))
            return {"here": True}

        pulumi.run(main)
    """

    graph = build(program).graph

    assert _one(graph, "inner").inputs == {"share": "inf"}
    assert _one(graph, "shop-dev").outputs == {"here": True}


def test_a_parameterized_package_has_a_default_provider_of_its_own(build: Callable[..., Built]) -> None:
    program = """
        import pulumi
        from pulumi.runtime.settings import register_package

        package = register_package("terraform-provider", "0.8.0", "", "random", "3.5.0", "e30=")
        pulumi.CustomResource("random:index/id:Id", "one", {"byteLength": 4}, package_ref=package)
    """

    one = _one(build(program).graph, "one")

    assert one.provider == "urn:pulumi:dev::shop::pulumi:providers:random::default_3_5_0"


def test_a_program_below_its_project_says_lines_from_the_projects_root(tmp_path: Path) -> None:
    root = write_project(tmp_path / "shop", "")
    (root / "stacks").mkdir()
    (root / "stacks" / "helper.py").write_text("import pulumi\ndef make():\n    pulumi.ComponentResource('shop:index:Thing', 'one')\n")
    (root / "stacks" / "__main__.py").write_text("import helper\nhelper.make()\n")
    (root / "Pulumi.yaml").write_text((root / "Pulumi.yaml").read_text() + "main: stacks\n")

    assert _one(run(root).graph, "one").position == Position("stacks/helper.py", 3)
