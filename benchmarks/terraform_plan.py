"""The same resources for Checkov: a graph of AWS resources as the Terraform plan that `terraform show -json` would print of them.

Only the types of `check_speed.py`'s program are known. Pulumi's AWS provider is made from Terraform's, so that arguments differ in their
spelling alone; what Terraform writes as a block is a list in a plan. Unknown values stand under `after_unknown` and where they come from
under `configuration`, which Checkov connects resources by.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final, cast

TYPES: Final = {
    "aws:ebs/volume:Volume": "aws_ebs_volume",
    "aws:ec2/launchTemplate:LaunchTemplate": "aws_launch_template",
    "aws:ec2/securityGroup:SecurityGroup": "aws_security_group",
    "aws:ec2/subnet:Subnet": "aws_subnet",
    "aws:ec2/vpc:Vpc": "aws_vpc",
    "aws:iam/role:Role": "aws_iam_role",
    "aws:iam/rolePolicy:RolePolicy": "aws_iam_role_policy",
    "aws:s3/bucket:Bucket": "aws_s3_bucket",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "aws_s3_bucket_public_access_block",
}
"""Pulumi's types, and Terraform's."""
_PROVIDER: Final = "registry.terraform.io/hashicorp/aws"
_BLOCKS: Final = {"ebs"}
"""Objects that are blocks in Terraform, hence lists of one in a plan."""
_UNKNOWN: Final = {"$unknown": True}
_Json = dict[str, object]


def plan_of(graph: Mapping[str, object]) -> _Json:
    """Return the plan that creates the resources of a graph in its JSON form.

    Raises:
        KeyError: a type is none of those that are known here.
    """
    resources = [one for one in cast("list[_Json]", graph["resources"]) if not str(one["type"]).startswith("pulumi:")]
    addresses = {str(one["urn"]): _address(one) for one in resources}
    changes = [_change(one) for one in resources]
    values = [_planned(one, change) for one, change in zip(resources, changes, strict=True)]
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": values}},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": [_written(one, addresses) for one in resources]}},
    }


def _address(resource: _Json) -> str:
    return f"{TYPES[str(resource['type'])]}.{resource['name']}"


def _head(resource: _Json) -> _Json:
    address = _address(resource)
    kind, _, name = address.partition(".")
    return {"address": address, "mode": "managed", "type": kind, "name": name}


def _change(resource: _Json) -> _Json:
    inputs = {_snake(name): _value(value, _snake(name)) for name, value in cast("_Json", resource["inputs"]).items()}
    after = {name: _known(value) for name, value in inputs.items() if value != _UNKNOWN}
    unknown = {"id": True, **{name: mark for name, value in inputs.items() if (mark := _marks(value))}}
    change = {"actions": ["create"], "before": None, "after": after, "after_unknown": unknown}
    return {**_head(resource), "provider_name": _PROVIDER, "change": change}


def _planned(resource: _Json, change: _Json) -> _Json:
    return {**_head(resource), "provider_name": _PROVIDER, "schema_version": 0, "values": cast("_Json", change["change"])["after"]}


def _written(resource: _Json, addresses: Mapping[str, str]) -> _Json:
    sources = cast("dict[str, list[str]]", resource["propertyDependencies"])
    expressions = {_snake(name): {"references": list(_references(urns, addresses))} for name, urns in sources.items()}
    return {**_head(resource), "provider_config_key": "aws", "expressions": expressions, "schema_version": 0}


def _references(urns: list[str], addresses: Mapping[str, str]) -> Iterator[str]:
    for urn in urns:
        if urn in addresses:
            yield from (f"{addresses[urn]}.id", addresses[urn])


def _value(value: object, name: str) -> object:
    """Return an argument as Terraform spells it; tags and other maps of the user's own keep their keys."""
    if isinstance(value, list):
        return [_value(item, "") for item in cast("list[object]", value)]
    if not isinstance(value, dict) or value == _UNKNOWN or name == "tags":
        return cast("object", value)
    inside = {_snake(key): _value(inner, _snake(key)) for key, inner in cast("_Json", value).items()}
    return [inside] if name in _BLOCKS else inside


def _known(value: object) -> object:
    """Return a value without what is not known yet."""
    if isinstance(value, list):
        return [_known(item) for item in cast("list[object]", value) if item != _UNKNOWN]
    return {key: _known(inner) for key, inner in cast("_Json", value).items()} if isinstance(value, dict) else value


def _marks(value: object) -> object:
    """Return where a value is not known yet, in the shape of the value; nothing where all is known."""
    if value == _UNKNOWN:
        return True
    if isinstance(value, list):
        found = [_marks(item) or False for item in cast("list[object]", value)]
        return found if any(found) else None
    return None


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()
