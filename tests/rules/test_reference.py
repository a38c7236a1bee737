"""What a reference between resources means, before and after anything has an id."""

import pytest

from lepton_infra.rules.examples import IT, On, Ref, subjects_in
from lepton_infra.rules.subject import Subject
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.view import Resource

VPC = "aws:ec2/vpc:Vpc"
LOG = "aws:ec2/flowLog:FlowLog"
BUCKET = "aws:s3/bucket:Bucket"
ROLE = "aws:iam/role:Role"
SUBNET = "aws:ec2/subnet:Subnet"
POOL = "aws:eks/nodeGroup:NodeGroup"


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:s::p::lepton:index:Network${token}::{name}"


def target(token: str = VPC, name: str = "main", **outputs: object) -> Resource:
    return Resource(Subject(token, {}, name, urn(token, name), outputs=outputs))


def state(source: Subject, to: Resource, property_name: str = "vpcId") -> str:
    return Resource(source)[property_name].refers_to(to).state.value


@pytest.mark.parametrize(
    ("sources", "answer"),
    [
        ([urn(VPC, "main")], "pass"),
        ([urn(VPC, "main"), urn(SUBNET, "a")], "pass"),
        ([urn(VPC, "other")], "fail"),
        ([urn(VPC, "main"), urn(VPC, "other")], "undecided"),
        ([urn(SUBNET, "a")], "undecided"),
        ([urn(VPC, "other"), urn(SUBNET, "a")], "undecided"),
        ([], "undecided"),
    ],
)
def test_an_unknown_value_is_what_it_comes_from(sources: list[str], answer: str) -> None:
    assert state(Subject(LOG, {"vpcId": UNKNOWN}, sources={"vpcId": tuple(sources)}), target()) == answer


@pytest.mark.parametrize(
    ("dependencies", "answer"),
    [
        ([urn(VPC, "main")], "pass"),
        ([urn(VPC, "other")], "undecided"),
        ([urn(VPC, "main"), urn(VPC, "other")], "undecided"),
        ([], "undecided"),
    ],
)
def test_where_only_the_resources_dependencies_are_known_nothing_is_ruled_out(dependencies: list[str], answer: str) -> None:
    assert state(Subject(LOG, {"vpcId": UNKNOWN}, dependencies=tuple(dependencies)), target()) == answer


@pytest.mark.parametrize(
    ("value", "known", "answer"),
    [
        ("vpc-0123456789abcdef0", {"id": "vpc-0123456789abcdef0"}, "pass"),
        ("vpc-0123456789abcdef0", {"id": "vpc-9"}, "fail"),
        ("vpc-0123456789abcdef0", {"id": UNKNOWN}, "undecided"),
        ("vpc-0123456789abcdef0", {"name": "main"}, "undecided"),
        ("vpc-0123456789abcdef0", {}, "undecided"),
        ("", {"id": "vpc-9"}, "fail"),
        (None, {}, "fail"),
        (7, {"id": "vpc-9"}, "undecided"),
    ],
)
def test_a_known_value_is_held_against_the_targets_names(value: object, known: dict[str, object], answer: str) -> None:
    assert state(Subject(LOG, {"vpcId": value}), target(VPC, **known)) == answer


@pytest.mark.parametrize(
    ("value", "answer"),
    [("models", "pass"), ("arn:aws:s3:::models", "pass"), ("other", "fail"), ("arn:aws:s3:::my-models", "fail"), ("a/models", "fail")],
)
def test_a_name_known_before_the_id_is_enough(value: str, answer: str) -> None:
    named = Resource(Subject(BUCKET, {"bucket": "models"}, "b", urn(BUCKET, "b")))
    assert state(Subject("aws:s3/bucketPolicy:BucketPolicy", {"bucket": value}), named, "bucket") == answer


def test_a_role_is_meant_by_its_arn_and_by_a_value_made_of_its_answer() -> None:
    role = target(ROLE, "r", id="node", arn="arn:aws:iam::123456789012:role/teams/node")
    assert state(Subject(POOL, {"nodeRoleArn": "arn:aws:iam::123456789012:role/teams/node"}), role, "nodeRoleArn") == "pass"
    made_of = Subject(POOL, {"nodeRoleArn": "x.example.com"}, sources={"nodeRoleArn": (role.its_subject.urn,)})
    assert state(made_of, role, "nodeRoleArn") == "pass"


def test_a_list_means_each_of_its_elements() -> None:
    three = {name: On(SUBNET, {}) for name in ("a", "b", "c")}
    pool, a, b, c = map(Resource, subjects_in(On(POOL, {"subnetIds": [Ref("a"), Ref("b"), "subnet-x"]}, around=three)))
    assert pool.subnetIds.refers_to(a).state.value == "pass"
    assert pool.subnetIds.refers_to(b).state.value == "pass"
    assert pool.subnetIds.refers_to(c).state.value == "undecided"  # c has no id yet that could be held against the literal
    pool, a, b, c = map(Resource, subjects_in(On(POOL, {"subnetIds": [Ref("a"), Ref("b"), "subnet-x"]}, around=three), built=True))
    assert [pool.subnetIds.refers_to(one).state.value for one in (a, b, c)] == ["pass", "pass", "fail"]


def test_an_unknown_input_that_the_cloud_has_answered_is_known() -> None:
    asked = Subject(LOG, {"vpcId": UNKNOWN}, outputs={"vpcId": "vpc-1"}, sources={})
    assert state(asked, target(id="vpc-1")) == "pass"
    assert state(asked, target(id="vpc-2")) == "fail"


def test_what_is_asked_of_a_resource_is_told_of_it() -> None:
    vpc, log = map(Resource, subjects_in(On(VPC, {}, around={"log": On(LOG, {"vpcId": UNKNOWN})})))
    verdict = vpc.has_some("flow log", [log.vpcId.refers_to(vpc)])
    assert (verdict.path, verdict.message) == ("", "may have flow log, depending on vpcId of 'log'")
    assert vpc.has_some("flow log", []).message == "has no flow log"
    vpc, log = map(Resource, subjects_in(On(VPC, {}, around={"log": On(LOG, {"vpcId": IT})})))
    assert vpc.has_some("flow log", [log.vpcId.refers_to(vpc)]).message == "has flow log"


@pytest.mark.parametrize(
    ("value", "outputs", "answer"),
    [
        ("weights", {}, "pass"),
        ("logs", {}, "fail"),
        ("/subscriptions/s/resourceGroups/a/providers/Microsoft.Storage/storageAccounts/weights", {}, "undecided"),
        ("/subscriptions/s/resourceGroups/a/x", {"id": "/subscriptions/s/resourceGroups/a/x"}, "pass"),
        ("/subscriptions/s/resourceGroups/b/x", {"id": "/subscriptions/s/resourceGroups/a/x"}, "fail"),
    ],
)
def test_azure_calls_an_account_by_half_its_name_and_no_name_tells_an_id(value: str, outputs: dict[str, object], answer: str) -> None:
    kind = "azure-native:storage:StorageAccount"
    account = Resource(Subject(kind, {"accountName": "weights"}, "main", urn(kind, "main"), outputs=outputs))
    assert state(Subject("azure-native:storage:ManagementPolicy", {"accountName": value}), account, "accountName") == answer


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        ("projects/p/regions/r/subnetworks/s", "pass"),
        ("https://www.googleapis.com/compute/v1/projects/p/regions/r/subnetworks/s", "pass"),
        ("https://www.googleapis.com/compute/beta/projects/p/regions/r/subnetworks/s", "pass"),
        ("s", "pass"),
        ("https://www.googleapis.com/compute/v1/projects/p/regions/r/subnetworks/t", "fail"),
        ("https://example.com/compute/v1/projects/p/regions/r/subnetworks/s", "fail"),
    ],
)
def test_a_self_link_of_google_is_the_id_that_it_ends_in(value: str, answer: str) -> None:
    kind = "gcp:compute/subnetwork:Subnetwork"
    known = {"id": "projects/p/regions/r/subnetworks/s", "name": "s"}
    subnet = Resource(Subject(kind, {}, "main", urn(kind, "main"), outputs=known))
    assert state(Subject("gcp:container/cluster:Cluster", {"subnetwork": value}), subnet, "subnetwork") == answer
