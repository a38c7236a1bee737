"""The graph of our monitor is the graph of the real engine's preview, but for what only a provider can make up."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lepton_infra.engine import Session, ensure
from lepton_infra.graph import Graph, Resource, Unknown, parse_graph, read_preview
from lepton_infra.rehearsal.cloud import PretendCloud

ADDED = {"region", "tagsAll", "version", "__internal"}
"""Inputs that a provider or the engine adds to those of a program."""
NAMED = {"name", "bucket", "nodeGroupName"}
"""Inputs that a provider makes up where a program gives none: each is a name, and whoever refers to it knows it in a preview."""


def _ours(project: Path) -> Graph:
    command = [Path(sys.executable).parent / "lepton", "graph", "serve-aws", "--json", "--project", project]
    return parse_graph(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout), "graph")


def _preview(project: Path, home: Path) -> tuple[Path, Path]:
    """Let the real engine preview the stack on a pretend cloud, as a digest and as a stream of events."""
    with (
        PretendCloud(home / "cloud.sqlite") as cloud,
        Session(ensure(lambda _: None), project, "serve-aws", home / "engine", cloud.environment) as session,
    ):
        session._prepare()
        asked = ["preview", "--json", "--stack", "serve-aws", "--config-file", str(session._settings_path)]
        command = session._command(asked, project, session._environment())
        files = home / "preview.json", home / "events.json"
        for file, extra in zip(files, ({}, {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}), strict=True):
            environment = {**command.environment, **extra}
            ran = subprocess.run(command.line, cwd=command.directory, env=environment, capture_output=True, text=True, check=True)
            file.write_text(ran.stdout)
        return files


def _made_up(resource: Resource) -> set[str]:
    return {str(value) for name, value in resource.inputs.items() if name in NAMED}


def _same(ours: object, theirs: object, names: set[str]) -> bool:
    if isinstance(ours, Unknown):
        return isinstance(theirs, Unknown) or theirs in names
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(_same(ours[key], theirs[key], names) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(_same(one, other, names) for one, other in zip(ours, theirs, strict=True))
    return ours == theirs


@pytest.mark.engine
def test_the_monitor_hears_what_the_engine_hears(project: Path, tmp_path: Path) -> None:
    ours = _ours(project)
    digest, events = _preview(project, tmp_path)
    theirs = read_preview(digest)

    assert (theirs.project, theirs.stack) == (ours.project, ours.stack)
    assert set(theirs.by_urn) == set(ours.by_urn)
    names = {name for resource in theirs.resources for name in _made_up(resource)}
    for resource in ours.resources:
        other = theirs.by_urn[resource.urn]
        for field in ("type", "name", "parent", "custom", "protect", "provider", "external", "position"):
            assert getattr(resource, field) == getattr(other, field), (resource.urn, field)
        assert set(resource.dependencies) == set(other.dependencies), resource.urn
        assert {name: set(urns) for name, urns in resource.property_dependencies.items()} == {
            name: set(urns) for name, urns in other.property_dependencies.items()
        }, resource.urn
        # What a provider adds is no difference; what a program gives is the same to the last field.
        extra = other.inputs.keys() - resource.inputs.keys()
        assert extra <= ADDED | NAMED, resource.urn
        for name, value in resource.inputs.items():
            assert _same(value, other.inputs[name], names), (resource.urn, name, value, other.inputs[name])
    assert {one.urn: one.inputs for one in read_preview(events).resources if one.custom}.keys() == {
        one.urn for one in theirs.resources if one.custom
    }
