"""Facts that the rules for Google Cloud rest on are held against the installed SDK and the catalogue."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi_gcp import __file__ as sdk_file

from lepton_infra.catalog import load_catalog
from lepton_infra.rules.examples import On, subjects_in
from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.view import Resource
from lepton_policies import gcp
from lepton_policies.gcp.gpupool import zones_of
from lepton_policies.gcp.grants import forms, grants_in
from lepton_policies.gcp.machines import MOST_ACCELERATORS, accelerators
from tests.policies.paths import sdk

POOL = "gcp:container/nodePool:NodePool"


def iam_tokens() -> Iterator[str]:
    """Iterate over the tokens of all resources of the SDK that grant roles."""
    for path in Path(sdk_file).parent.rglob("*.py"):
        if not path.name.startswith(("get_", "_")) and re.search(r"iam_(member|binding|policy)\.py\Z", path.name):
            found = re.search(r"__init__\(\s*'(gcp:[\w/-]+:\w+)'", path.read_text(encoding="utf-8"))
            if found:
                yield found[1]


def one(token: str, inputs: dict[str, object]) -> Resource:
    return Resource(subjects_in(On(token, inputs))[0])


def test_the_catalogue_names_no_machine_with_more_accelerators_than_the_worst_case() -> None:
    machines = [machine for machine in load_catalog().machines if machine.cloud.value == "gcp"]
    assert max(machine.gpus for machine in machines) == MOST_ACCELERATORS
    for machine in machines:
        assert (accelerators(machine.name) > 0) == (machine.gpus > 0), machine.name


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("a3-highgpu-8g", 8),
        (" A3-HIGHGPU-8G", 8),
        ("zones/us-central1-a/machineTypes/a2-megagpu-16g", 16),
        ("g4-standard-6", 1),
        ("a9-megagpu-8g", 8),
        ("a4x-highgpu-4g", 4),
        ("tpu7x-standard-4t", 4),
        ("g9-standard-48", 16),
        ("n1-standard-8", 0),
        ("c4a-standard-8", 0),
        ("t2a-standard-1", 0),
        ("custom-8-16384", 0),
        ("", 0),
    ],
)
def test_accelerators_of_a_machine(name: str, count: int) -> None:
    assert accelerators(name) == count


@pytest.mark.parametrize(
    ("inputs", "zones"),
    [
        ({"nodeLocations": ["europe-west4-a", UNKNOWN]}, (2, 2)),
        ({"nodeLocations": UNKNOWN, "location": "europe-west4"}, (1, 4)),
        ({"nodeLocations": [], "location": "europe-west4"}, (3, 3)),
        ({"location": "europe-west4-a"}, (1, 1)),
        ({"location": UNKNOWN}, (1, 3)),
        ({}, (1, 3)),
    ],
)
def test_zones_of_a_pool(inputs: dict[str, object], zones: tuple[int, int]) -> None:
    pool = one(POOL, inputs)
    assert zones_of(pool, pool) == zones


def test_every_form_of_a_grant_is_read_by_its_name() -> None:
    known = set(iam_tokens())
    assert len(known) > 300
    ours = {token for card in gcp.RULES for token in card.types if re.search(r"(Member|Binding|Policy)\Z", token)}
    assert ours <= known
    assert len(ours) > 60
    for token in ours:
        inputs = sdk("gcp").resource(token).inputs
        holder = "policyData" if token.endswith("Policy") else "members" if token.endswith("Binding") else "member"
        assert holder in inputs, token


def test_the_three_forms_grant_the_same() -> None:
    member, binding, policy = forms("gcp:storage/bucketIAM")
    said = [
        one(member, {"role": "r", "member": "m"}),
        one(binding, {"role": "r", "members": ["m"]}),
        one(policy, {"policyData": '{"bindings": [{"role": "r", "members": ["m"]}]}'}),
    ]
    read = [[(grant.role.raw_value(), [one.raw_value() for one in grant.members]) for grant in grants_in(one)] for one in said]
    assert read == [[("r", ["m"])]] * 3
