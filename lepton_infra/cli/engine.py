"""`lepton engine`: which Pulumi engine is used, and how to have one."""

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Which Pulumi engine is used, and how to have one.")

_JSON = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command(epilog="Example: lepton engine status --json")
def status(json: _JSON = False) -> None:
    """Say which engine would be used, without changing anything; exit code 1 where none is there."""
    from lepton_infra.cli import render
    from lepton_infra.engine.describe import describe
    from lepton_infra.engine.install import status as look

    found = look()
    if json:
        render.document(describe(found.engine, found.attempts) | {"cache": str(found.cache)})
    else:
        for attempt in found.attempts:
            render.note(str(attempt))
        if found.engine is None:
            render.note(f"no engine yet; `lepton engine install` would put one into {found.cache}.")
        else:
            render.say(found.engine.sentence)
    if found.engine is None:
        raise typer.Exit(1)


@app.command(epilog="Example: lepton engine install")
def install(json: _JSON = False) -> None:
    """Have an engine: the one on PATH, the one in the cache, Pulumi's download, or a build with Go (a few minutes, once)."""
    from lepton_infra.cli import render
    from lepton_infra.engine.describe import describe
    from lepton_infra.engine.install import ensure

    with render.progress() as report:
        engine = ensure(report)
    if json:
        render.document(describe(engine, engine.attempts))
        return
    for attempt in engine.attempts:
        render.note(str(attempt))
    render.say(engine.sentence)
