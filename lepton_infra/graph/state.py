"""The reader of exported state: what `pulumi stack export` writes."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, cast

from lepton_infra.errors import BadInput, Fault
from lepton_infra.graph.files import as_mapping, as_texts, read_json
from lepton_infra.graph.model import Graph, Resource
from lepton_infra.graph.positions import nearest, read_position
from lepton_infra.graph.wire import decode_inputs

WANTED: Final = "a state written by `pulumi stack export`"


def read_state(path: Path) -> Graph:
    """Return the graph that the file holds.

    Raises:
        BadInput: the file cannot be read, is not JSON, or is no exported state.
    """
    return read_json(path, WANTED, parse_state)


def parse_state(document: object, where: str) -> Graph:
    """Turn an exported state into a graph.

    Raises:
        BadInput: it has no list of resources.
    """
    deployment = as_mapping(as_mapping(document).get("deployment"))
    listed = deployment.get("resources")
    if not isinstance(listed, list):
        raise BadInput(Fault(where, "has no deployment.resources", WANTED))
    # What a replacement has left to be deleted bears the URN of what replaces it.
    standing = (item for item in map(as_mapping, cast("list[object]", listed)) if not item.get("delete"))
    return graph_of([state_resource(item) for item in standing])


def graph_of(resources: Iterable[Resource]) -> Graph:
    """Return the graph of resources, with project and stack as their URNs have them."""
    found = nearest(resources)
    parts = found[0].urn.split("::") if found else []
    stack, project = (parts[0].rpartition(":")[2], parts[1]) if len(parts) > 1 else ("", "")
    return Graph(project, stack, found)


def state_resource(item: Mapping[str, object]) -> Resource:
    """Return a resource as engines write it in states and previews."""
    urn = str(item.get("urn", ""))
    parent, provider = item.get("parent"), item.get("provider")
    return Resource(
        urn=urn,
        type=str(item.get("type", "")),
        name=urn.split("::", maxsplit=3)[-1],
        parent=str(parent) if parent else None,
        custom=bool(item.get("custom")),
        inputs=decode_inputs(item.get("inputs")),
        outputs=decode_inputs(item.get("outputs")),
        dependencies=as_texts(item.get("dependencies")),
        protect=bool(item.get("protect")),
        id=str(item.get("id") or ""),
        # A reference to a provider is its URN and its id.
        provider=str(provider).rpartition("::")[0] if provider else None,
        property_dependencies={
            name: urns for name, value in as_mapping(item.get("propertyDependencies")).items() if (urns := as_texts(value))
        },
        aliases=as_texts(item.get("aliases")),
        external=bool(item.get("external")),
        position=read_position(item),
    )
