"""The reader of exported state: what `pulumi stack export` writes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from lepton_infra.errors import BadInput, Fault
from lepton_infra.graph.model import Graph, Resource, Secret

_SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key under which the engine marks an object as a special value (pulumi, sdk/go/common/resource/sig)."""
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (the engine's mark for a secret, not one)


def read_state(path: Path) -> Graph:
    """Return the graph that the file holds.

    Raises:
        BadInput: the file cannot be read, is not JSON, or is no exported state.
    """
    try:
        document: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(Fault(path.name, f"cannot be read ({error})", "a state written by `pulumi stack export`")) from None
    except json.JSONDecodeError as error:
        raise BadInput(
            Fault(f"{path.name}:{error.lineno}", f"is not JSON ({error.msg})", "a state written by `pulumi stack export`")
        ) from None
    return parse_state(document, path.name)


def parse_state(document: object, where: str) -> Graph:
    """Turn an exported state into a graph.

    Raises:
        BadInput: it has no list of resources.
    """
    deployment = _mapping(_mapping(document).get("deployment"))
    listed = deployment.get("resources")
    if not isinstance(listed, list):
        raise BadInput(Fault(where, "has no deployment.resources", "a state written by `pulumi stack export`"))
    resources = tuple(_resource(_mapping(item)) for item in cast("list[object]", listed))
    stack, project = _place(resources)
    return Graph(project, stack, resources)


def _resource(item: Mapping[str, object]) -> Resource:
    urn = str(item.get("urn", ""))
    parent = item.get("parent")
    return Resource(
        urn=urn,
        type=str(item.get("type", "")),
        name=urn.rpartition("::")[2],
        parent=str(parent) if parent else None,
        custom=bool(item.get("custom")),
        inputs=_mapping(_plain(item.get("inputs"))),
        outputs=_mapping(_plain(item.get("outputs"))),
        dependencies=tuple(str(urn) for urn in cast("list[object]", item.get("dependencies") or [])),
        protect=bool(item.get("protect")),
        id=str(item.get("id") or ""),
        provider=str(item.get("provider") or "").rpartition("::")[0] or None,
        property_dependencies={
            key: tuple(map(str, cast("list[object]", urns or []))) for key, urns in _mapping(item.get("propertyDependencies")).items()
        },
    )


def _place(resources: tuple[Resource, ...]) -> tuple[str, str]:
    """Return stack and project, which every URN begins with: `urn:pulumi:<stack>::<project>::…`."""
    parts = resources[0].urn.split("::") if resources else []
    return (parts[0].rpartition(":")[2], parts[1]) if len(parts) > 1 else ("", "")


def _plain(value: object) -> object:
    if isinstance(value, dict):
        mapping = cast("dict[str, object]", value)
        if mapping.get(_SIGNATURE) == _SECRET:
            return Secret()
        return {key: _plain(inner) for key, inner in mapping.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in cast("list[object]", value)]
    return value


def _mapping(value: object) -> Mapping[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
