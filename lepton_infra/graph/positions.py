"""Where resources are declared: from the engine's addresses, and from a parent where a resource has none of its own."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import unquote

from lepton_infra.graph.files import as_list, as_mapping
from lepton_infra.graph.model import Position, Resource

_SCHEME: Final = "project:///"
"""An address inside the project: `project:///stacks/__main__.py#12` (pulumi 3.259, resource/deploy/source_eval.go)."""
_FOREIGN: Final = frozenset({"..", ".venv", "venv", "site-packages", "node_modules"})
"""Parts of a path that lead out of the project, or to what is installed in it."""


def read_position(state: Mapping[str, object]) -> Position | None:
    """Return where a resource in a state or preview was declared: the nearest place that is the user's own."""
    frames = (as_mapping(frame).get("sourcePosition") for frame in as_list(state.get("stackTrace")))
    return next((found for address in (state.get("sourcePosition"), *frames) if (found := _parsed(address))), None)


def _parsed(address: object) -> Position | None:
    if not isinstance(address, str) or not address.startswith(_SCHEME):
        return None
    file, _, place = address.removeprefix(_SCHEME).partition("#")
    line = place.partition(",")[0]
    name = unquote(file)
    return Position(name, int(line)) if line.isdecimal() and not _FOREIGN & set(name.split("/")) else None


def nearest(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """Return the resources, each that has no place with that of its nearest ancestor that has one."""
    found: dict[str, Resource] = {}
    listed = tuple(resources)
    parents = {resource.urn: resource for resource in listed}
    for resource in listed:
        above = found.get(resource.parent or "") or parents.get(resource.parent or "")
        place = above.position if above and not resource.position else None
        found[resource.urn] = replace(resource, position=place) if place else resource
    return tuple(found.values())
