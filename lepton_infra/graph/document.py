"""Graph JSON, the project's own format: `{"format": "lepton.graph/1", "project", "stack", "resources": […]}`.

Inputs stand under wire names; `{"$unknown": true}` is an unknown value, `{"$secret": true}` a secret one, `{"$asset": "file"}` or
`"archive"` what is not kept. Of a resource only `type` and `inputs` must be there.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, cast

from lepton_infra.errors import BadInput, Fault
from lepton_infra.graph.files import as_list, as_mapping, as_texts, read_json
from lepton_infra.graph.model import UNKNOWN, Asset, Graph, Position, Resource, Secret, Unknown

FORMAT: Final = "lepton.graph/1"
WANTED: Final = "a graph as `lepton graph --json` writes it"
_SHOWN: Final = 20
"""So many faults are told; a file with more is broken as a whole."""
_OPTIONAL: Final[Mapping[str, tuple[type, ...]]] = {
    "urn": (str,),
    "name": (str,),
    "parent": (str, type(None)),
    "custom": (bool,),
    "outputs": (dict,),
    "dependencies": (list,),
    "propertyDependencies": (dict,),
    "protect": (bool,),
    "id": (str,),
    "provider": (str, type(None)),
    "aliases": (list,),
    "ignoreChanges": (list,),
    "external": (bool,),
    "position": (dict, type(None)),
}
_WORDS: Final[Mapping[type, str]] = {str: "text", dict: "an object", list: "a list", bool: "true or false", type(None): "null"}


def read_graph(path: Path) -> Graph:
    """Return the graph that the file holds.

    Raises:
        BadInput: the file cannot be read, is not JSON, or is no graph; with every fault, up to twenty.
    """
    return read_json(path, WANTED, parse_graph)


def parse_graph(document: object, where: str) -> Graph:
    """Turn a document into a graph.

    Raises:
        BadInput: it is no graph; with every fault, up to twenty.
    """
    head = as_mapping(document)
    listed = head.get("resources")
    if not isinstance(listed, list) or not listed:
        given = "has no resources" if "resources" not in head or listed == [] else "has resources that are no list"
        raise BadInput(Fault(where, given, WANTED))
    if head.get("format", FORMAT) != FORMAT:
        raise BadInput(Fault(f"{where}: format", f"is {str(head['format'])[:60]!r}", FORMAT))
    items = cast("list[object]", listed)
    faults = [fault for number, item in enumerate(items) for fault in _faults(item, f"{where}: resources[{number}]")]
    faults = faults or list(_twice(items, where))
    if faults:
        more = len(faults) - _SHOWN
        raise BadInput([*faults[:_SHOWN], *([Fault(where, f"has {more} faults more", WANTED)] if more > 0 else [])])
    project, stack = str(head.get("project", "")), str(head.get("stack", ""))
    return Graph(project, stack, tuple(_resource(as_mapping(item), number, project, stack) for number, item in enumerate(items)))


def as_document(graph: Graph) -> dict[str, object]:
    """Return the graph as `lepton graph --json` writes it; no secret is in it."""
    return {
        "format": FORMAT,
        "project": graph.project,
        "stack": graph.stack,
        "resources": [_written(resource) for resource in graph.resources],
    }


def _written(resource: Resource) -> dict[str, object]:
    position = resource.position
    return {
        "urn": resource.urn,
        "type": resource.type,
        "name": resource.name,
        "parent": resource.parent,
        "custom": resource.custom,
        "inputs": plain(resource.inputs),
        "outputs": plain(resource.outputs),
        "dependencies": list(resource.dependencies),
        "propertyDependencies": {name: list(urns) for name, urns in sorted(resource.property_dependencies.items())},
        "protect": resource.protect,
        "id": resource.id,
        "provider": resource.provider,
        "aliases": list(resource.aliases),
        "ignoreChanges": list(resource.ignore_changes),
        "external": resource.external,
        "position": {"file": position.file, "line": position.line} if position else None,
    }


def plain(value: object) -> object:
    """Return a value as JSON has it, objects in the order of their names; unknowns, secrets and assets become marks."""
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, object]", value)
        return {key: plain(mapping[key]) for key in sorted(mapping)}
    if isinstance(value, list):
        return [plain(item) for item in cast("list[object]", value)]
    if isinstance(value, Unknown):
        return {"$unknown": True}
    if isinstance(value, Secret):
        return {"$secret": True}
    return {"$asset": "archive" if value.archive else "file"} if isinstance(value, Asset) else value


def _value(value: object) -> object:
    if isinstance(value, list):
        return [_value(item) for item in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    mapping = cast("dict[str, object]", value)
    if len(mapping) == 1:
        if mapping.get("$unknown") is True:
            return UNKNOWN
        if mapping.get("$secret") is True:
            return Secret()
        if mapping.get("$asset") in ("file", "archive"):
            return Asset(archive=mapping["$asset"] == "archive")
    return {key: _value(inner) for key, inner in mapping.items()}


def _resource(item: Mapping[str, object], number: int, project: str, stack: str) -> Resource:
    kind = str(item["type"])
    urn = str(item.get("urn", ""))
    name = str(item.get("name") or urn.split("::", maxsplit=3)[-1] or f"resource-{number}")
    position = as_mapping(item.get("position"))
    parent, provider = item.get("parent"), item.get("provider")
    return Resource(
        urn=urn or f"urn:pulumi:{stack}::{project}::{kind}::{name}",
        type=kind,
        name=name,
        parent=str(parent) if parent else None,
        custom=bool(item.get("custom", kind != "pulumi:pulumi:Stack")),
        inputs=as_mapping(_value(item["inputs"])),
        outputs=as_mapping(_value(item.get("outputs", {}))),
        dependencies=as_texts(item.get("dependencies")),
        protect=item.get("protect") is True,
        property_dependencies={key: as_texts(urns) for key, urns in as_mapping(item.get("propertyDependencies")).items()},
        id=str(item.get("id", "")),
        provider=str(provider) if provider else None,
        aliases=as_texts(item.get("aliases")),
        ignore_changes=as_texts(item.get("ignoreChanges")),
        external=item.get("external") is True,
        position=Position(str(position["file"]), cast("int", position["line"])) if position else None,
    )


def _faults(item: object, where: str) -> Iterator[Fault]:
    if not isinstance(item, dict):
        yield Fault(where, f"is {_word(item)}", "an object with type and inputs")
        return
    resource = cast("dict[str, object]", item)
    for name, kind in (("type", str), ("inputs", dict)):
        if name not in resource:
            yield Fault(where, f"has no {name}", f"{_WORDS[kind]}")
        elif not isinstance(resource[name], kind) or not (resource[name] or kind is dict):
            yield Fault(f"{where}.{name}", f"is {_word(resource[name])}", f"{_WORDS[kind]}")
    for name, kinds in _OPTIONAL.items():
        if name in resource and not isinstance(resource[name], kinds):
            yield Fault(f"{where}.{name}", f"is {_word(resource[name])}", " or ".join(_WORDS[kind] for kind in kinds))
    position = as_mapping(resource.get("position"))
    if position and not (isinstance(position.get("file"), str) and type(position.get("line")) is int):
        yield Fault(f"{where}.position", "has no file and line", '{"file": "…", "line": 1}')
    for name, wanted in (("dependencies", "a list of URNs"), ("aliases", "a list of URNs"), ("ignoreChanges", "a list of property paths")):
        if len(as_texts(resource.get(name))) != len(as_list(resource.get(name))):
            yield Fault(f"{where}.{name}", "holds something else than text", wanted)


def _twice(items: list[object], where: str) -> Iterator[Fault]:
    seen: dict[str, int] = {}
    for number, item in enumerate(items):
        urn = str(as_mapping(item).get("urn", ""))
        if urn and urn in seen:
            yield Fault(f"{where}: resources[{number}].urn", f"is that of resources[{seen[urn]}]", "a URN of its own")
        seen.setdefault(urn, number)


def _word(value: object) -> str:
    if isinstance(value, str):
        return "an empty text" if not value else f"the text {value[:40]!r}"
    return next((word for kind, word in _WORDS.items() if isinstance(value, kind)), f"the number {value}")
