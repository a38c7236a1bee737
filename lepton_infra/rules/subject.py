"""Subjects: one resource as the rules need it, from whichever side it comes.

The engine's analyzer sends protobuf, a `Graph` holds what a reader found; both become a `Subject`, and no rule knows the difference.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, cast

from lepton_infra.config.marks import UNKNOWN_STRINGS
from lepton_infra.graph.model import Asset as FileOrArchive
from lepton_infra.graph.model import Graph
from lepton_infra.graph.model import Resource as Node
from lepton_infra.graph.model import Secret as HiddenValue
from lepton_infra.rules.values import UNKNOWN, Asset, Secret

_API_VERSION: Final = re.compile(r"/v\d{8}(preview|privatepreview)?(?=:)")
_KUBERNETES_VERSION: Final = re.compile(r"\A(kubernetes:[\w.-]+)/v\d\w*(?=:)")
_S3_V2: Final = re.compile(r"\A(aws:s3/bucket\w*)V2:(\w+)V2\Z")
_PLAIN: Final = (str, int, float, bool)


@dataclass(frozen=True, slots=True)
class Subject:
    """One resource, as the rules need it."""

    type: str
    inputs: Mapping[str, object]
    """By wire name, decoded (see `wire.py`)."""
    name: str = ""
    urn: str = ""
    provider: Mapping[str, object] | None = None
    """The inputs of its provider, decoded, where known."""
    outputs: Mapping[str, object] = field(default_factory=dict[str, object])
    """What the cloud answered, its `id` among them; empty where nothing was built yet."""
    dependencies: tuple[str, ...] = ()
    """URNs of what it needs."""
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """By property, the URNs that its value comes from (the engine's property dependencies), where known."""
    protect: bool = False
    """Whether the engine refuses to delete it."""


@lru_cache(maxsize=4096)
def plain_type(token: str) -> str:
    """Return a type token without what does not change its meaning: an API version of azure-native or Kubernetes, the V2 of aws's S3 types.

    >>> plain_type("azure-native:containerservice/v20250101:ManagedCluster")
    'azure-native:containerservice:ManagedCluster'
    >>> plain_type("aws:s3/bucketV2:BucketV2")
    'aws:s3/bucket:Bucket'
    >>> plain_type("kubernetes:jobset.x-k8s.io/v1alpha2:JobSet")
    'kubernetes:jobset.x-k8s.io:JobSet'
    """
    return _S3_V2.sub(r"\1:\2", _KUBERNETES_VERSION.sub(r"\1", _API_VERSION.sub("", token)))


def subjects_of(graph: Graph) -> Iterator[Subject]:
    """Iterate over what a cloud holds in a graph; components and the stack itself are nobody's subject."""
    providers = {node.urn: node for node in graph.resources if node.type.startswith("pulumi:providers:")}
    for node in graph.built():
        provider = providers.get(node.provider or "")
        yield Subject(
            type=node.type,
            inputs=_mapping(node.inputs),
            name=node.name,
            urn=node.urn,
            provider=None if provider is None else _mapping(provider.inputs),
            outputs={**_mapping(node.outputs), **_identity(node)},
            dependencies=node.dependencies,
            sources=node.property_dependencies,
            protect=node.protect,
        )


def _identity(node: Node) -> dict[str, object]:
    return {"id": node.id} if node.id else {}


def _mapping(values: Mapping[str, object]) -> dict[str, object]:
    return {key: _decoded(value) for key, value in values.items()}


def _decoded(value: object) -> object:
    """Return a graph's value as the rules know it: what JSON has no word for is unknown, and so is what a secret hides."""
    if isinstance(value, str):
        return UNKNOWN if value in UNKNOWN_STRINGS else value
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, Mapping):
        inside = cast("Mapping[str, object]", value)
        if "$secret" in inside:
            return Secret(UNKNOWN)
        return UNKNOWN if "$unknown" in inside else _mapping(inside)
    if isinstance(value, list | tuple):
        return [_decoded(item) for item in cast("list[object]", value)]
    return _marked(value)


def _marked(value: object) -> object:
    if isinstance(value, FileOrArchive):
        return Asset("archive" if value.archive else "asset")
    return Secret(_decoded(value.value)) if isinstance(value, HiddenValue) else UNKNOWN
