"""Where things lie: the Pulumi project, its stack files, and what they hold."""

from dataclasses import dataclass
from typing import cast

from pydantic import ValidationError

from lepton_infra.config.faults import sentences
from lepton_infra.config.model import Stack
from lepton_infra.config.root import Project, find_project, read_yaml
from lepton_infra.errors import BadInput, Fault

__all__ = ["KEY", "Project", "StackFile", "find_project", "load_stack", "parse_stack", "read_yaml"]

KEY = "lepton:stack"
"""The one configuration key that lepton-infra reads."""


@dataclass(frozen=True, slots=True)
class StackFile:
    """A stack as it was read, with the place it came from for every message about it."""

    project: Project
    name: str
    stack: Stack

    @property
    def where(self) -> str:
        """Return what to put before a path inside the stack, for instance `Pulumi.dev.yaml: lepton:stack`."""
        return f"{self.project.stack_path(self.name).name}: {KEY}"


def load_stack(project: Project, name: str) -> StackFile:
    """Read and check the stack's file.

    Raises:
        BadInput: there is no such stack, its file is not YAML, or what it says is not a stack; with every fault.
    """
    path = project.stack_path(name)
    if not path.is_file():
        known = sorted(other.name.removeprefix("Pulumi.").removesuffix(".yaml") for other in project.stacks.glob("Pulumi.*.yaml"))
        allowed = f"one of {', '.join(known)}" if known else f"a stack file in {project.stacks.name}/"
        raise BadInput(Fault(name, f"has no file {path.name}", allowed, f"Write {path.name} or name another stack"))
    config = read_yaml(path).get("config")
    value = cast("dict[str, object]", config).get(KEY) if isinstance(config, dict) else None
    if value is None:
        raise BadInput(Fault(f"{path.name}: config", f"has no {KEY}", "a mapping with cloud, region, owner, team, environment and pools"))
    return StackFile(project, name, parse_stack(value, f"{path.name}: {KEY}"))


def parse_stack(value: object, where: str) -> Stack:
    """Turn what a stack file or `pulumi.Config` holds into a stack.

    Raises:
        BadInput: with every fault, each at its path below `where`.
    """
    try:
        return Stack.model_validate(value)
    except ValidationError as error:
        raise BadInput(sentences(error, where)) from None
