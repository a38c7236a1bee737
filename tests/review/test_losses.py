"""What goes with what is deleted or replaced, and what was only renamed."""

from typing import Any

import pytest

from lepton_infra.graph import Resource, parse_graph
from lepton_infra.graph.diff import Forcing, compare
from lepton_infra.review.held import DATA, ENCRYPTED, WORKLOADS, held_by
from lepton_infra.review.losses import Losses, losses_of

BUCKET = "aws:s3/bucket:Bucket"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"


def _one(token: str, name: str = "a", **inputs: Any) -> dict[str, Any]:
    return {"type": token, "name": name, "urn": f"urn:pulumi:dev::shop::{token}::{name}", "inputs": inputs}


def _resource(token: str) -> Resource:
    return parse_graph({"resources": [_one(token)]}, "test").resources[0]


def _losses(before: list[dict[str, Any]], now: list[dict[str, Any]], *forcing: str) -> Losses:
    kept = _one("aws:ec2/vpc:Vpc", "kept")
    old, new = (parse_graph({"resources": [*some, kept]}, "test") for some in (before, now))
    return losses_of(compare(old, new, lambda _: Forcing(frozenset(forcing))))


@pytest.mark.parametrize(
    ("token", "held"),
    [
        ("aws:s3/bucketV2:BucketV2", DATA),
        ("aws:rds/instance:Instance", DATA),
        ("aws:rds/cluster:Cluster", DATA),
        ("aws:eks/cluster:Cluster", WORKLOADS),
        ("aws:ec2/instance:Instance", WORKLOADS),
        ("aws:eks/nodeGroup:NodeGroup", WORKLOADS),
        ("aws:autoscaling/group:Group", WORKLOADS),
        ("aws:iam/group:Group", ""),
        ("aws:kms/key:Key", ENCRYPTED),
        ("aws:route53/zone:Zone", ""),
        ("gcp:container/cluster:Cluster", WORKLOADS),
        ("gcp:compute/instance:Instance", WORKLOADS),
        ("gcp:filestore/instance:Instance", DATA),
        ("gcp:storage/bucket:Bucket", DATA),
        ("gcp:sql/databaseInstance:DatabaseInstance", DATA),
        ("gcp:serviceaccount/key:Key", ""),
        ("gcp:kms/cryptoKey:CryptoKey", ENCRYPTED),
        ("azure-native:storage/v20240101:StorageAccount", DATA),
        ("azure-native:containerservice/v20250101:ManagedCluster", WORKLOADS),
        ("azure-native:keyvault:Vault", DATA),
        ("azure-native:containerservice:Namespace", ""),
        ("kubernetes:core/v1:Namespace", WORKLOADS),
        ("kubernetes:core/v1:PersistentVolumeClaim", DATA),
        ("aws:ec2/subnet:Subnet", ""),
        ("no-type", ""),
    ],
)
def test_what_goes_with_a_resource_is_known_by_its_type(token: str, held: str) -> None:
    assert held_by(_resource(token)) == held


def test_what_holds_something_comes_first_and_what_holds_nothing_apart() -> None:
    guarded = {**_one("aws:ec2/subnet:Subnet", "guarded"), "protect": True}

    found = _losses([_one(POLICY, "p"), guarded, _one(BUCKET, "b")], [])

    assert [loss.resource.name for loss in found.grave] == ["b", "guarded"]
    assert [loss.resource.name for loss in found.holding] == ["b"]
    assert [loss.resource.name for loss in found.other] == ["p"]
    assert not _losses([], [_one(BUCKET, "b")])


def test_a_replacement_is_as_sure_as_the_values_are() -> None:
    sure = _losses([_one(BUCKET, bucket="x")], [_one(BUCKET, bucket="y")], "bucket")
    open_ = _losses([_one(BUCKET, bucket="x")], [_one(BUCKET, bucket={"$unknown": True})], "bucket")

    assert [(loss.fate, loss.why[0]) for loss in sure.grave] == [("is replaced", "bucket")]
    assert [(loss.fate, loss.why[1]) for loss in open_.grave] == [("may be replaced", "perhaps; a value is not known yet")]


def test_what_looks_like_a_new_one_under_another_name_is_told() -> None:
    tags = {"team": "t", "environment": "dev", "for": "models"}
    before = [_one(BUCKET, "models", bucket="models-1", tags=tags, acl="private"), _one(BUCKET, "logs", acl="log", tags={"x": "y"})]
    now = [_one(BUCKET, "weights", bucket="weights-1", tags=tags, acl="private"), _one(BUCKET, "other", acl="none", tags={"z": "a"})]

    found = {loss.resource.name: loss.twin.name if loss.twin else None for loss in _losses(before, now).grave}

    assert found == {"models": "weights", "logs": None}


def test_no_new_resource_is_the_twin_of_two() -> None:
    found = _losses([_one(BUCKET, "a", acl="x"), _one(BUCKET, "b", acl="x")], [_one(BUCKET, "c", acl="x")])

    assert [loss.twin.name for loss in found.grave if loss.twin] == ["c"]


def test_an_alias_is_no_loss() -> None:
    renamed = {**_one(BUCKET, "new", acl="x"), "aliases": [_one(BUCKET, "old")["urn"]]}

    assert not _losses([_one(BUCKET, "old", acl="x")], [renamed])


def test_a_thousand_against_a_thousand_are_not_paired() -> None:
    found = _losses([_one(BUCKET, f"a{n}", acl="x") for n in range(1000)], [_one(BUCKET, f"b{n}", acl="x") for n in range(1000)])

    assert len(found.grave) == 1000
    assert not any(loss.twin for loss in found.grave)
