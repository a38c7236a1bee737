"""Whether a place in a resource exists, by the schema of the installed SDK."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from lepton_infra.rehearsal.schema import AnyOf, Anything, ListOf, MapOf, ObjectOf, Scalar, Shape
from lepton_infra.rehearsal.sdk import Sdk
from lepton_infra.rules.card import Card, On
from lepton_infra.rules.examples import subjects_in
from lepton_infra.rules.stack import Stack
from lepton_infra.rules.view import Resource
from lepton_policies.kubernetes.pods import CUSTOM, MODELS, OVERLAYS, POD, RAY_CLUSTER, RAY_JOB

_PARTS = re.compile(r'\["(?P<key>[^"]*)"\]|\[(?P<index>-?\d+)\]|(?P<name>[^.\[\]]+)')

_JSON_TEXT = {"containerDefinitions", "containerProperties", "nodeProperties", "ecsProperties", "configurationValues", "policyData"}
"""Properties whose text is JSON of a language of its own."""


@lru_cache
def sdk(package: str) -> Sdk:
    return Sdk(package)


def inputs_of(token: str) -> Mapping[str, Any]:
    """Return the properties of a type, by the schema of the installed SDK; a custom resource has none that it knows."""
    return {} if token in _KNOWN else sdk(token.partition(":")[0]).resource(token).inputs


def exists(token: str, path: str) -> bool:
    """Tell whether a type has a property at a path such as `ingress[0].cidrBlocks`."""
    if token in _KNOWN:
        return _in_custom(token, path)
    name, *rest = [match["key"] or match["name"] or "" for match in _PARTS.finditer(path) if match["index"] is None]
    field = sdk(token.partition(":")[0]).resource(token).inputs.get(name)
    return field is not None and (name in _JSON_TEXT or _below(field.shape, rest))


def _in_custom(token: str, path: str) -> bool:
    """Tell whether a path of a custom resource is one of a pod that it is known to carry, or leads there, or is one of every object."""
    if path.startswith("metadata"):
        return exists(POD, path)
    steps = [match["key"] or match["name"] or "" for match in _PARTS.finditer(path) if match["index"] is None]
    for place in (*_KNOWN[token], *BESIDE.get(token, ())):
        above = place.replace("[]", "").replace("{}", ".*").split(".")
        if all(one in ("*", other) for one, other in zip(above, steps, strict=False)):
            rest = [step for step in steps[len(above) :] if step not in MODELS]
            if not rest or exists(POD, "spec" + "".join(f'["{step}"]' for step in rest)):
                return True
            if steps[len(above)] in MODELS and exists(POD, "spec.containers" + "".join(f'["{step}"]' for step in rest)):
                return True
        if all(one in ("*", other) for one, other in zip((*above[:-1], "metadata"), steps, strict=False)):
            return exists(POD, "".join(f'["{step}"]' for step in steps[len(above) - 1 :]).replace('["metadata"]', "metadata"))
    return any(_matches(place, steps) for place in SERVICES.get(token, ()))


def _matches(place: str, steps: list[str]) -> bool:
    """Tell whether a path leads to a place of a service, is it, or lies inside it."""
    return all(one == other for one, other in zip(place.split("."), steps, strict=False))


_KNOWN = {**CUSTOM, **OVERLAYS}
_HEAD = ("headServiceAnnotations", "headGroupSpec.serviceType", "headGroupSpec.enableIngress", "headGroupSpec.headService")
SERVICES = {
    RAY_CLUSTER: tuple(f"spec.{name}" for name in _HEAD),
    RAY_JOB: tuple(f"spec.rayClusterSpec.{name}" for name in _HEAD),
    "kubernetes:ray.io/v1:RayService": ("spec.serveService", *(f"spec.rayClusterConfig.{name}" for name in _HEAD)),
}
"""What KubeRay's custom resources say of the services that it makes (KubeRay API reference, v1)."""
BESIDE = {token: ("spec.activeDeadlineSeconds", "spec.runPolicy.activeDeadlineSeconds") for token in CUSTOM if token.endswith("Job")}
"""What custom resources have beside their pods: how long a job may run (KubeRay, Kubeflow)."""


def _below(shape: Shape, rest: list[str]) -> bool:
    if isinstance(shape, ListOf):
        return _below(shape.item, rest)
    if isinstance(shape, AnyOf):
        return any(_below(option, rest) for option in shape.options)
    if not rest or isinstance(shape, Anything):
        return True
    if isinstance(shape, Scalar):
        return rest[0] in ("Statement", "statement", "statements")  # a policy document in text
    if isinstance(shape, MapOf):
        return _below(shape.item, rest[1:])
    return isinstance(shape, ObjectOf) and rest[0] in shape.fields and _below(shape.fields[rest[0]].shape, rest[1:])


def paths_used(example: On) -> Iterator[tuple[str, str]]:
    """Iterate over type and path of everything that an example writes; what is inside a policy document is its own language."""
    for one in example.everything().values():
        for key, value in one.inputs.items():
            yield from ((one.type, path) for path in _paths(key, value, inputs_of(one.type)))


def _paths(path: str, value: Any, fields: Mapping[str, Any]) -> Iterator[str]:
    field = fields.get(path)
    if field is not None and _is_text(field.shape):  # a document, written as an object for readers' sake
        yield path
        return
    yield from _walk(path, value)


def _is_text(shape: Shape) -> bool:
    return isinstance(shape, Scalar) or (isinstance(shape, AnyOf) and not any(isinstance(one, ObjectOf) for one in shape.options))


def _walk(path: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value and "Statement" not in value:
        for key, inner in value.items():
            yield from _walk(f"{path}.{key}" if re.fullmatch(r"\w+", key) else f'{path}["{key}"]', inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(f"{path}[0]", inner)
    else:
        yield path


def paths_read(card: Card) -> Iterator[tuple[str, str]]:
    """Iterate over type and path of everything that a card reads while it judges its examples."""
    for _, example in card.examples():
        resources = [Resource(subject) for subject in subjects_in(example)]
        for resource in resources:
            if resource.type_token in card.types:
                card.check(resource, Stack(resources))
        for resource in resources:
            yield from ((resource.type_token, path) for path in resource.paths_read() if path)
