"""What a running Pulumi program wants: the same stack as the stack file holds, read from Pulumi's own configuration."""

import json
from pathlib import Path

import pulumi

from lepton_infra.config.project import KEY, StackFile, find_project, parse_stack
from lepton_infra.errors import BadInput, Fault


def running_stack() -> StackFile:
    """Return the stack that the engine runs the program for.

    Environments and `--config` are Pulumi's own ways to override a stack file, so the engine is asked and not the file.

    Raises:
        BadInput: `lepton:stack` is missing or is not a stack; with every fault.
    """
    project = find_project(Path.cwd())
    name = pulumi.get_stack()
    where = f"{project.stack_path(name).name}: {KEY}"
    text = pulumi.Config("lepton").get("stack")
    if text is None:
        raise BadInput(Fault(where, "is missing", "a mapping with cloud, region, owner, team, environment and pools"))
    try:
        value: object = json.loads(text)
    except json.JSONDecodeError:
        raise BadInput(Fault(where, f"is the text {text!r}", "a mapping with cloud, region, owner, team, environment and pools")) from None
    return StackFile(project, name, parse_stack(value, where))
