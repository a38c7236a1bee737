"""The reader of previews: what `pulumi preview --json` prints, as one digest or, streamed, as one event per line.

The stream (`PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true`) does not tell what depends on what.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from lepton_infra.errors import BadInput, Fault
from lepton_infra.graph.files import as_list, as_mapping, read_text, rejecting
from lepton_infra.graph.model import Graph
from lepton_infra.graph.state import graph_of, state_resource

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
        return parse_preview(document, path.name)


def parse_preview(document: object, where: str) -> Graph:
    """Turn a preview into a graph: the new states of its steps, the last of each resource.

    Raises:
        BadInput: it has neither steps nor events.
    """
    states = [*_from_events(as_list(document)), *_from_steps(as_list(as_mapping(document).get("steps")))]
    if not states:
        raise BadInput(Fault(where, "has no steps with a resource", WANTED))
    latest = {str(state.get("urn", "")): state for state in states}
    return graph_of(state_resource(state) for state in latest.values())


def _from_steps(steps: list[object]) -> Iterator[Mapping[str, object]]:
    for step in map(as_mapping, steps):
        if state := as_mapping(step.get("newState")):
            yield state


def _from_events(events: list[object]) -> Iterator[Mapping[str, object]]:
    for event in map(as_mapping, events):
        metadata = as_mapping(as_mapping(event.get("resourcePreEvent")).get("metadata"))
        if state := as_mapping(metadata.get("new")):
            yield state
