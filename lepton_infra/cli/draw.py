"""`lepton draw`: the architecture of a stack as a picture."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lepton_infra.cli import source
from lepton_infra.cli.source import Source
from lepton_infra.errors import BadInput, Fault

if TYPE_CHECKING:
    from lepton_infra.graph.draw import Picture

_FORMATS = ("mermaid", "dot", "svg")


def draw(  # noqa: PLR0917 (typer makes an option of each)
    stack: source.StackName = "",
    form: Annotated[str, typer.Option("--format", help="mermaid, dot or svg; by default as the name of --out ends, else mermaid.")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="File to write; else the picture goes to stdout.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print boxes, nodes and arrows as one JSON document.")] = False,
    graph: source.GraphFile = None,
    state: source.StateFile = None,
    preview: source.PreviewFile = None,
    project: source.ProjectPath = Path(),
    seconds: source.Seconds = 300.0,
    answers: source.AnswersFile = None,
    debug: source.Debug = False,
) -> None:
    """Draw what a stack would build: components, networks, pools with machine and count, and what needs what.

    Example: lepton draw serve-aws --out architecture.svg
    """
    from dataclasses import asdict

    from lepton_infra.cli import render
    from lepton_infra.cli.writing import write
    from lepton_infra.graph.draw import picture_of

    chosen = _format(form, out)
    found, _ = source.load(Source(stack, graph, state, preview, project, seconds, answers, debug), lambda: None)
    picture = picture_of(found)
    if out:
        write(out, _drawn(picture, chosen), "--out")
        render.note(f"written: {out}")
    if as_json:
        render.document({"format": "lepton.picture/1", **asdict(picture)})
    elif not out:
        typer.echo(_drawn(picture, chosen), nl=False)


def _format(form: str, out: Path | None) -> str:
    ending = {".mmd": "mermaid", ".mermaid": "mermaid", ".dot": "dot", ".gv": "dot", ".svg": "svg"}.get(
        out.suffix if out else "", "mermaid"
    )
    if form and form not in _FORMATS:
        raise BadInput(Fault("--format", f"is {form!r}", "mermaid, dot or svg"))
    return form or ending


def _drawn(picture: "Picture", form: str) -> str:
    from lepton_infra.graph.draw import as_dot, as_mermaid, as_svg

    return {"mermaid": as_mermaid, "dot": as_dot, "svg": as_svg}[form](picture)
