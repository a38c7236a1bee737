"""`lepton schema`: the JSON Schema of stack files."""

from pathlib import Path
from typing import Annotated

import typer


def schema(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 1 where the file is not what would be written.")] = False,
    project: Annotated[Path, typer.Option(help="Directory of the Pulumi project, or one below it.")] = Path(),
) -> None:
    """Write stack.schema.json beside the stack files, for editors and CI.

    Example: lepton schema --check
    """
    from lepton_infra.cli import render
    from lepton_infra.config import find_project
    from lepton_infra.config.schema import check_schema, write_schema

    found = find_project(project)
    path = check_schema(found) if check else write_schema(found)
    render.say(f"{path.name}: {'up to date' if check else 'written'}")
