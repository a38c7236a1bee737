"""The other graph of a comparison: a file, or what the same stack was at a git ref."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lepton_infra.cli import source
from lepton_infra.cli.source import Source
from lepton_infra.errors import BadInput, Fault

if TYPE_CHECKING:
    from lepton_infra.graph.model import Graph


def load_against(asked: Source, other: str) -> "Graph":
    """Return the graph that another one is held against.

    Args:
        asked: what was asked for itself; a git ref needs a stack there, whose program is run as it was.
        other: a file of graph JSON, or a git ref.

    Raises:
        BadInput: it is neither, or the program at the ref does not run to its end.
    """
    from lepton_infra.cli import render
    from lepton_infra.cli.gitref import ahead, checked_out
    from lepton_infra.config.root import find_project
    from lepton_infra.graph import read_graph

    if _is_file(other):
        return read_graph(Path(other))
    if not asked.stack:
        raise BadInput(Fault("--against", f"is '{other}', which is no file", "a file of graph JSON, or, where a stack is named, a git ref"))
    here = find_project(asked.project).root
    with checked_out(here, other) as there:
        if count := ahead(here, other):
            commits = "commit" if count == 1 else "commits"
            render.note(f"{other} has {count:,} {commits} that this checkout has not: what they change is shown the other way round")
        try:
            return source.load(replace(asked, project=there, lender=here), lambda: None)[0]
        except BadInput as error:
            raise BadInput([replace(fault, where=f"{other}: {fault.where}") for fault in error.faults]) from None


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except OSError:
        # Longer than the name of any file.
        return False
