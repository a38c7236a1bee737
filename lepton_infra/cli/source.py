"""Where a graph comes from: a stack's program, or a file that somebody wrote."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from lepton_infra.errors import BadInput, Fault

if TYPE_CHECKING:
    from lepton_infra.config.exemptions import Exemption
    from lepton_infra.config.runnable import Runnable
    from lepton_infra.graph.model import Graph
    from lepton_infra.graph.program import Answers, Built, Command, Program
    from lepton_infra.rules.outside import Bill, Pricing
    from lepton_infra.rules.subject import Subject

_Other = TypeVar("_Other")
StackName = Annotated[str, typer.Argument(help="Name of the stack, as in Pulumi.<stack>.yaml; its program is run.")]
GraphFile = Annotated[Path | None, typer.Option("--graph", help="Read a graph that `lepton graph --json` wrote.")]
StateFile = Annotated[Path | None, typer.Option("--state", help="Read a state that `pulumi stack export` wrote.")]
PreviewFile = Annotated[Path | None, typer.Option("--preview", help="Read what `pulumi preview --json` printed.")]
ProjectPath = Annotated[Path, typer.Option(help="Directory of the Pulumi project, or one below it.")]
Seconds = Annotated[float, typer.Option(min=1, help="How long the program may take.")]
AnswersFile = Annotated[Path | None, typer.Option("--answers", help="JSON object of data sources' results by token, before pretend data.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show what the program printed, and the traceback where it raises.")]


@dataclass(frozen=True, slots=True)
class Source:
    """What was asked for on the command line."""

    stack: str
    graph: Path | None
    state: Path | None
    preview: Path | None
    project: Path
    seconds: float = 300.0
    answers: Path | None = None
    debug: bool = False
    lender: Path | None = None
    """Where the project is a copy: the directory of the one whose interpreter it is run with."""


def load(source: Source, meanwhile: "Callable[[], _Other]") -> "tuple[Graph, _Other]":
    """Return the graph that is meant, and say on stderr what its program said.

    Args:
        source: what was asked for.
        meanwhile: what else is to be loaded; a program runs in a process of its own, so that this takes no longer.

    Raises:
        BadInput: no source is named or more than one, or the one that is named cannot be used.
    """
    from lepton_infra.graph import read_graph, read_preview, read_state

    files = [
        (path, read)
        for path, read in ((source.graph, read_graph), (source.state, read_state), (source.preview, read_preview))
        if path is not None
    ]
    if len(files) + bool(source.stack) != 1:
        named = "two sources or more are named" if files else "no source is named"
        raise BadInput(Fault("graph", named, "one of a stack, --graph, --state or --preview", "Name one"))
    return (files[0][1](files[0][0]), meanwhile()) if files else _run(source, meanwhile)


def exemptions(source: Source) -> "tuple[Exemption, ...]":
    """Return what the stack's file exempts from rules; a graph out of a file is exempt from nothing.

    Raises:
        BadInput: what stands there is no list of exemptions.
    """
    if not source.stack:
        return ()
    from lepton_infra.config.exemptions import load_exemptions
    from lepton_infra.config.root import find_project

    return load_exemptions(find_project(source.project), source.stack)


def wanted(source: Source) -> "Mapping[str, object]":
    """Return `lepton:stack` of the stack's file as it stands there; a graph out of a file wants nothing."""
    if not source.stack:
        return {}
    from lepton_infra.config.root import find_project, read_yaml
    from lepton_infra.rules.outside import said_in

    config = read_yaml(find_project(source.project).stack_path(source.stack)).get("config")
    return said_in(said_in(config).get("lepton:stack"))


def pricing(graph: "Graph") -> "Pricing":
    """Return what prices a graph for the rules that ask; it takes a while to load, and most stacks need none of it."""

    def price(_: "Sequence[Subject]") -> "Bill":
        from lepton_infra.cost.pricing import priced

        return priced(graph)

    return price


def _run(source: Source, meanwhile: "Callable[[], _Other]") -> "tuple[Graph, _Other]":
    from lepton_infra.config.root import find_project
    from lepton_infra.config.runnable import load_runnable
    from lepton_infra.graph.program import ProgramFault, run_program

    program = _program(load_runnable(find_project(source.project), source.stack), source.lender)
    answers = _answers(source.answers)
    try:
        # The program's process starts before all that is slow to load here.
        with run_program(program, answers, seconds=source.seconds) as running:
            from lepton_infra.cli import render

            with render.progress() as report:
                report(f"program: running {program.project}, stack {program.stack}")
                other = meanwhile()
                built = running.listen()
    except ProgramFault as fault:
        if source.debug:
            from lepton_infra.cli import render

            render.note(fault.trace)
        raise
    _tell(built, debug=source.debug)
    return built.graph, other


def _tell(built: "Built", *, debug: bool) -> None:
    from lepton_infra.cli import render

    for line in (*built.logged, *(built.printed if debug else ())):
        render.note(line)
    for token in built.unanswered:
        render.note(f"not answered: {token}; what it returns counts as unknown")


def _answers(path: Path | None) -> "Answers":
    """Return what answers data sources: the user's file first, then pretend data."""
    from lepton_infra.graph.files import read_object

    given: Mapping[str, Mapping[str, object]] = read_object(path, "an object of results by data source") if path else {}

    def answer(token: str, arguments: Mapping[str, object], settings: Mapping[str, object]) -> Mapping[str, object] | None:
        if token in given:
            return given[token]
        # Few programs ask, and what can answer takes a while to load.
        from lepton_infra.rehearsal.answers import pretend_answer

        return pretend_answer(token, arguments, settings)

    return answer


def _program(runnable: "Runnable", lender: Path | None) -> "Program":
    from lepton_infra.engine.host.toolchain import HostError, find_python, read_options
    from lepton_infra.graph.program import Command, Program

    root = runnable.project.root
    home = lender or root
    try:
        python = find_python(read_options(str(home), str(_twin(runnable.directory, root, home)), runnable.options), os.environ)
    except HostError as error:
        where, _, said = str(error).partition(": ")
        raise BadInput(Fault(where, said.rstrip("."))) from None
    own = _lent(python.executable, lender, root)
    plugins = {name: _plugin(folder, _twin(folder, root, home), own) for name, folder in runnable.plugins.items()}
    return Program(
        project=runnable.project.name,
        stack=runnable.stack,
        root=root,
        directory=runnable.directory,
        entry=runnable.entry,
        python=Command([str(python.executable)], python.environment(os.environ) | own),
        config=runnable.config,
        secret_keys=runnable.secret_keys,
        plugins={name: command for name, command in plugins.items() if command},
    )


def _twin(path: Path, root: Path, home: Path) -> Path:
    """Return the same place under another directory; a place outside stays what it is."""
    return home / path.relative_to(root) if path.is_relative_to(root) else path


def _lent(python: Path, lender: Path | None, root: Path) -> dict[str, str]:
    """Return what makes a lent interpreter take the packages of a project from its copy; nothing where it is its own."""
    if lender is None:
        return {}
    from lepton_infra.cli.gitref import python_path

    return {"PYTHONPATH": python_path(python, lender, root)}


def _plugin(folder: Path, home: Path, own: dict[str, str]) -> "Command | None":
    """Return how a package of components is started; None where it is not in Python or not installed: few programs need each of them.

    Args:
        folder: what is run.
        home: where its interpreter is found.
        own: what is added to its environment.
    """
    from lepton_infra.config.root import read_yaml
    from lepton_infra.config.runnable import python_options
    from lepton_infra.engine.host.service import plugin_arguments
    from lepton_infra.engine.host.toolchain import HostError, find_python, of_plugin, read_options
    from lepton_infra.graph.program import Command

    description = folder / "PulumiPlugin.yaml"
    if not description.is_file():
        return None
    options = python_options(read_yaml(description).get("runtime"))
    if options is None:
        return None
    try:
        python = find_python(of_plugin(read_options(str(home), str(home), options)), os.environ)
        arguments = [str(python.executable), "-u", *plugin_arguments("resource", folder, [])]
        return Command(arguments, python.environment(os.environ) | own)
    except HostError:
        return None
