import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_components import names
from lepton_components.contract import Scope
from lepton_components.names import Kind

KINDS = {name: kind for name, kind in vars(names).items() if isinstance(kind, Kind)}
SCOPE = Scope(
    cloud="aws", region="us-east-1", owner="ml@example.com", team="inference", environment="prod", project="lepton", stack="serve-aws"
)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@given(parts=st.lists(st.text(min_size=1, max_size=120), min_size=1, max_size=4))
def test_a_name_has_the_letters_and_length_that_the_cloud_allows(kind: Kind, parts: list[str]) -> None:
    name = names.part(kind, *parts)

    assert re.fullmatch(f"[{kind.letters}]+", name)
    assert len(name) + len("-1234567") <= kind.longest
    assert name == names.part(kind, *parts)


@given(st.text(min_size=1, max_size=90), st.text(min_size=1, max_size=90))
def test_different_names_stay_different_however_they_are_cut(one: str, other: str) -> None:
    same = names.part(names.NODE_POOL, one) == names.part(names.NODE_POOL, other)

    assert same == (one == other)


def test_a_name_that_fits_is_left_as_it_is() -> None:
    assert names.part(names.ROLE, "cluster", "node") == "cluster-node"
    assert names.fixed(names.CLUSTER, SCOPE) == "lepton-serve-aws"
    assert names.placed(names.LOG_GROUP, "/aws/eks", "lepton-serve-aws/cluster") == "/aws/eks/lepton-serve-aws/cluster"


def test_a_bucket_is_named_in_small_letters() -> None:
    assert re.fullmatch(r"storage-models-[0-9a-f]{8}", names.part(names.BUCKET, "Storage", "models"))


def test_tags_say_whose_it_is_and_where_it_belongs() -> None:
    assert names.tags(SCOPE, "cluster", "serve-aws-cluster-node") == {
        "Name": "serve-aws-cluster-node",
        "component": "cluster",
        "environment": "prod",
        "managed-by": "pulumi",
        "owner": "ml@example.com",
        "project": "lepton",
        "stack": "serve-aws",
        "team": "inference",
    }


def test_a_providers_tags_name_no_single_resource() -> None:
    assert set(names.tags(SCOPE, "", "")) - set(names.owner_tags(SCOPE)) == {"Name", "component"}
