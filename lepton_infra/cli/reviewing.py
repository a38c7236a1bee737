"""What a review needs from outside: two graphs, the rules, the catalogue, and where its documents go."""

import datetime as dt
import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from lepton_infra.cli import source
from lepton_infra.cli.source import Source
from lepton_infra.cli.writing import write
from lepton_infra.errors import BadInput, Fault

if TYPE_CHECKING:
    from lepton_infra.graph import Graph
    from lepton_infra.graph.diff import Forcing
    from lepton_infra.review import Review


def reviewed(asked: Source, against: str) -> "Review":
    """Return the review of what is asked for.

    Args:
        asked: where the graph comes from.
        against: a file of graph JSON, or a git ref.

    Raises:
        BadInput: a source, the base, a rule pack or an exemption cannot be used.
    """
    from lepton_infra.catalog import load_catalog
    from lepton_infra.cli import checkpage, render
    from lepton_infra.cost import bill
    from lepton_infra.cost.pricing import priced
    from lepton_infra.review import Side, make_review
    from lepton_infra.rules.outside import Outside
    from lepton_infra.rules.packs import installed_cards
    from lepton_infra.rules.runner import judge

    graph, cards = source.load(asked, installed_cards)
    other = _base(asked, against)
    today, exemptions, catalog = dt.datetime.now(dt.UTC).date(), source.exemptions(asked), load_catalog()
    alone = Outside(source.pricing(other), wanted=source.wanted(asked))
    beside = Outside(source.pricing(graph), priced(other), alone.wanted)
    now, base = (
        Side(name, one, judge(one, cards, exemptions, today, outside=outside), bill(one, catalog))
        for name, one, outside in (
            (graph.stack or "graph", graph, beside),
            (Path(against).name if Path(against).is_file() else against, other, alone),
        )
    )
    for told in checkpage.notes(now.judged, today):
        render.note(told)
    return make_review(now, base, cards, forcing(), folder=_folder(asked.project))


def _base(asked: Source, against: str) -> "Graph":
    """Return what is held against: of a stack that the base does not have, nothing."""
    from lepton_infra.cli import render
    from lepton_infra.cli.against import load_against
    from lepton_infra.cli.gitref import checked_out
    from lepton_infra.config.root import find_project
    from lepton_infra.graph import Graph

    if asked.stack and not Path(against).is_file():
        project = find_project(asked.project)
        with checked_out(project.root, against) as there:
            place = project.stack_path(asked.stack).relative_to(project.root)
            if not (there / place).is_file():
                render.note(f"{against} has no stack {asked.stack}: everything counts as new")
                return Graph(project.name, asked.stack, ())
    return load_against(asked, against)


def forcing() -> "Callable[[str], Forcing]":
    """Return what forces a replacement, by type: what the rehearsal knows, and its guess for other types."""
    from lepton_infra.graph.diff import Forcing
    from lepton_infra.rehearsal.facts import load_facts

    facts = cache(load_facts)

    def of(token: str) -> Forcing:
        package = facts(token.partition(":")[0])
        known = package.of(token)
        return Forcing(known.replace, known.sets, known=token in package.types)

    return of


def write_files(review: "Review", wanted: Mapping[str, Path | None]) -> None:
    """Write the documents that were asked for, by option; all are made before the first is written.

    Raises:
        BadInput: two options name one file, or one cannot be written.
    """
    from lepton_infra.cli import render
    from lepton_infra.review import as_junit, as_markdown, as_page, as_sarif

    forms = {"--out": as_markdown, "--html": as_page, "--sarif": as_sarif, "--junit": as_junit}
    files = {option: path for option, path in wanted.items() if path}
    named = {path.resolve(): option for option, path in files.items()}
    faults = [
        Fault(option, f"is '{path}', as is {named[path.resolve()]}", "a file of its own")
        for option, path in files.items()
        if named[path.resolve()] != option
    ]
    if faults:
        raise BadInput(faults)
    texts = {option: forms[option](review) for option in files}
    for option, path in files.items():
        write(path, texts[option], option)
        render.note(f"written: {path}")


def add_summary(text: str) -> None:
    """Add a text to the summary of the step that runs, where GitHub runs it.

    Raises:
        BadInput: the file that GitHub names cannot be written.
    """
    name = os.environ.get("GITHUB_STEP_SUMMARY")
    if not name:
        from lepton_infra.cli import render

        render.note("no GITHUB_STEP_SUMMARY: nothing is added to a summary")
        return
    try:
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise BadInput(Fault("GITHUB_STEP_SUMMARY", f"is '{name}', which cannot be written ({error.strerror})", "a file")) from None


def _folder(project: Path) -> str:
    """Return the project's place in its repository; empty where it is the repository, or in none."""
    from lepton_infra.config.root import find_project

    try:
        root = find_project(project).root
    except BadInput:
        return ""
    for directory in (root, *root.parents):
        if (directory / ".git").exists():
            return root.relative_to(directory).as_posix() if directory != root else ""
    return ""
