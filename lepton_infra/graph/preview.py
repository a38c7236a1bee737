"""The reader of previews: what `pulumi preview --json` prints, as one digest or, streamed, as one event per line.

The stream (`PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true`) does not tell what depends on what. Neither shows default providers, whose
settings are those of the stack, nor secrets, for each of which the text `[secret]` stands.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, cast

from lepton_infra.errors import BadInput, Fault
from lepton_infra.graph.files import as_list, as_mapping, read_text, rejecting, sound
from lepton_infra.graph.model import Graph, Resource
from lepton_infra.graph.state import graph_of, state_resource
from lepton_infra.graph.wire import SECRET_MARK

_MASK: Final = "[secret]"
WANTED: Final = "what `pulumi preview --json` prints"


def read_preview(path: Path) -> Graph:
    """Return the graph of what would stand after the previewed update.

    Raises:
        BadInput: the file cannot be read, is not JSON, or is no preview.
    """
    with rejecting(path, WANTED):
        text = read_text(path)
        try:
            document: object = json.loads(text)
        except json.JSONDecodeError as error:
            if error.msg != "Extra data":
                raise
            document = [json.loads(line) for line in text.splitlines() if line.strip()]
        return parse_preview(sound(document, text), path.name)


def parse_preview(document: object, where: str) -> Graph:
    """Turn a preview into a graph: the new states of its steps, the last of each resource.

    Raises:
        BadInput: it has neither steps nor events.
    """
    states = [*_from_events(as_list(document)), *_from_steps(as_list(as_mapping(document).get("steps")))]
    if not states:
        raise BadInput(Fault(where, "has no steps with a resource", WANTED))
    latest = {str(state.get("urn", "")): state for state in states}
    resources = [state_resource({name: _unmasked(value) for name, value in state.items()}) for state in latest.values()]
    return graph_of([*_default_providers(resources, as_mapping(as_mapping(document).get("config"))), *resources])


def _unmasked(value: object) -> object:
    """Put the mark of a secret where its mask is."""
    if isinstance(value, str):
        return SECRET_MARK if value == _MASK else value
    if isinstance(value, list):
        return [_unmasked(item) for item in as_list(cast("object", value))]
    return {name: _unmasked(item) for name, item in as_mapping(cast("object", value)).items()} if isinstance(value, dict) else value


def _default_providers(resources: list[Resource], config: Mapping[str, object]) -> Iterator[Resource]:
    """Yield the providers that resources name and the preview leaves out."""
    there = {resource.urn for resource in resources}
    for urn in dict.fromkeys(resource.provider for resource in resources):
        if urn and urn not in there:
            token, name = urn.split("::", maxsplit=3)[-2:]
            package = f"{token.rpartition(':')[2]}:"
            inputs = {key.removeprefix(package): value for key, value in config.items() if key.startswith(package)}
            yield state_resource({"urn": urn, "type": token, "name": name, "custom": True, "inputs": inputs})


def _from_steps(steps: list[object]) -> Iterator[Mapping[str, object]]:
    for step in map(as_mapping, steps):
        if state := as_mapping(step.get("newState")):
            yield state


def _from_events(events: list[object]) -> Iterator[Mapping[str, object]]:
    for event in map(as_mapping, events):
        metadata = as_mapping(as_mapping(event.get("resourcePreEvent")).get("metadata"))
        if state := as_mapping(metadata.get("new")):
            yield state
