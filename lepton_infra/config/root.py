"""Where a project lies, and its YAML: what every run needs first, without the models of a stack, whose library takes a while to load."""

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml

from lepton_infra.errors import BadInput, Fault


@dataclass(frozen=True, slots=True)
class Project:
    """A directory with a `Pulumi.yaml`."""

    root: Path
    """The directory, absolute."""
    name: str
    """The project's name, as it stands in every URN."""
    stacks: Path
    """Directory of the stack files, absolute; demand and plans lie beside them."""

    def stack_path(self, stack: str) -> Path:
        """Return where the stack's file lies."""
        return self.stacks / f"Pulumi.{stack}.yaml"

    def plan_path(self, stack: str) -> Path:
        """Return where the stack's plan lies."""
        return self.stacks / "plans" / f"{stack}.json"


def find_project(start: Path) -> Project:
    """Return the project that the directory is in, looking upwards as `pulumi` does.

    Raises:
        BadInput: no `Pulumi.yaml` there or above, or one that cannot be read.
    """
    for directory in (start.resolve(), *start.resolve().parents):
        path = directory / "Pulumi.yaml"
        if path.is_file():
            return _project(path)
    raise BadInput(
        Fault(str(start), "has no Pulumi.yaml, nor has a directory above it", "a Pulumi project", "Change into one, or give --project")
    )


def _project(path: Path) -> Project:
    document = read_yaml(path)
    name = document.get("name")
    if not isinstance(name, str):
        raise BadInput(Fault(f"{path.name}: name", f"is {name!r}", "the project's name"))
    directory = document.get("stackConfigDir", ".")
    return Project(path.parent, name, path.parent / str(directory))


def read_yaml(path: Path) -> dict[str, object]:
    """Read a YAML file that holds a mapping.

    Raises:
        BadInput: it cannot be read, is not YAML, or holds something else.
    """
    try:
        document: object = yaml.load(path.read_text(encoding="utf-8"), _Strict)  # noqa: S506 (a safe loader, made stricter below)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(Fault(path.name, f"cannot be read ({error})", "a text file in UTF-8")) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path.name}:{mark.line + 1}" if mark else path.name
        problem = getattr(error, "problem", None) or "has a fault"
        raise BadInput(Fault(place, f"is not YAML ({problem})", "YAML as Pulumi writes it", "Correct the line")) from None
    except RecursionError:
        raise BadInput(Fault(path.name, "is nested too deeply", "YAML as Pulumi writes it")) from None
    if not isinstance(document, dict):
        raise BadInput(Fault(path.name, f"holds {type(document).__name__ if document is not None else 'nothing'}", "a mapping"))
    return cast("dict[str, object]", document)


class _Strict(yaml.SafeLoader):
    """YAML without two of its surprises: a key written twice is a fault, and a date stays the text that Pulumi sees."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:  # noqa: FBT001, FBT002 (the signature of yaml)
        """Build a mapping, refusing a key that is there already."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key.value!r} is there twice", key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _as_text(_: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    return node.value


_Strict.add_constructor("tag:yaml.org,2002:timestamp", _as_text)
