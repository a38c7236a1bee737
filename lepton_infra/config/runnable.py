"""What a program is run with: its place in the project, its interpreter's options, and the stack's settings as Pulumi hands them over.

Secrets in a stack file are never decrypted: the mark of an unknown value stands in for each, and their keys are named as secret.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from lepton_infra.config.marks import UNKNOWN_STRING
from lepton_infra.config.root import Project, read_yaml
from lepton_infra.errors import BadInput, Fault

NOT_READ: Final = UNKNOWN_STRING
"""Pulumi's own mark of an unknown text: whatever a program pastes it into is seen to be unknown."""


@dataclass(frozen=True, slots=True)
class Runnable:
    """A program of a project, for one stack."""

    project: Project
    stack: str
    directory: Path
    """Where it is run, absolute."""
    entry: Path
    """The file or folder to run, absolute."""
    options: Mapping[str, object]
    """`runtime.options` of Pulumi.yaml."""
    config: Mapping[str, str]
    """The stack's settings, `namespace:key` to text; what is no text is JSON."""
    secret_keys: tuple[str, ...]
    """Keys of settings that are secret, or hold something that is."""
    plugins: Mapping[str, Path] = field(default_factory=dict[str, Path])
    """Folders of the component packages that the project names, by package."""


def load_runnable(project: Project, stack: str) -> Runnable:
    """Read what the stack's program is run with.

    Raises:
        BadInput: there is no such stack, the program is not Python, or a file or setting is amiss; with every fault.
    """
    where = project.root / "Pulumi.yaml"
    document = read_yaml(where)
    path = project.stack_path(stack)
    if not path.is_file():
        known = sorted(other.name.removeprefix("Pulumi.").removesuffix(".yaml") for other in project.stacks.glob("Pulumi.*.yaml"))
        allowed = f"one of {', '.join(known)}" if known else f"a stack file in {project.stacks}"
        raise BadInput(Fault(stack, f"has no file {path.name}", allowed, f"Write {path.name} or name another stack"))
    values = dict(_settings(read_yaml(path).get("config"), project.name, path.name))
    defaults, missing = _project_settings(document.get("config"), project.name, values)
    if missing:
        raise BadInput(missing)
    merged = {**defaults, **values}
    main = project.root / str(document.get("main", "."))
    return Runnable(
        project=project,
        stack=stack,
        directory=main if main.is_dir() else main.parent,
        entry=main,
        options=_options(document.get("runtime")),
        config={key: _text(value) for key, value in sorted(merged.items())},
        secret_keys=tuple(sorted(key for key, value in merged.items() if _holds_secret(value))),
        plugins=dict(_plugins(document, project.root)),
    )


def python_options(runtime: object) -> Mapping[str, object] | None:
    """Return the options under `runtime` of a project or a component package; None where it is not in Python."""
    said = cast("dict[str, object]", runtime) if isinstance(runtime, dict) else {"name": runtime}
    if said.get("name") != "python":
        return None
    options = said.get("options")
    return cast("dict[str, object]", options) if isinstance(options, dict) else {}


def _options(runtime: object) -> Mapping[str, object]:
    options = python_options(runtime)
    if options is None:
        name = cast("dict[str, object]", runtime).get("name") if isinstance(runtime, dict) else runtime
        raise BadInput(Fault("Pulumi.yaml: runtime", f"is {name!r}", "python", "Give what `pulumi preview --json` prints, by --preview"))
    return options


def _settings(config: object, project: str, where: str) -> Iterator[tuple[str, object]]:
    if config is None:
        return
    if not isinstance(config, dict):
        raise BadInput(Fault(f"{where}: config", f"is {type(config).__name__}", "a mapping of settings"))
    for key, value in cast("dict[object, object]", config).items():
        yield _full(str(key), project), value


def _project_settings(config: object, project: str, given: Mapping[str, object]) -> tuple[dict[str, object], list[Fault]]:
    """Return the project's own values for settings, and a fault for each that a stack has to give and does not."""
    found: dict[str, object] = {}
    missing: list[Fault] = []
    for key, value in _settings(config, project, "Pulumi.yaml"):
        if not isinstance(value, dict):
            found[key] = value
            continue
        said = cast("dict[str, object]", value)
        if "value" in said or "default" in said:
            found[key] = said["value"] if "value" in said else said["default"]
        elif key not in given and "type" in said:
            missing.append(Fault(f"config {key}", "is not set", f"Pulumi.yaml wants {said['type']}", "Set it in the stack's file"))
    return found, missing


def _full(key: str, project: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _is_secret(value: object) -> bool:
    return isinstance(value, dict) and list(cast("dict[str, object]", value)) == ["secure"]


def _holds_secret(value: object) -> bool:
    if isinstance(value, dict):
        return _is_secret(cast("object", value)) or any(map(_holds_secret, cast("dict[str, object]", value).values()))
    return isinstance(value, list) and any(map(_holds_secret, cast("list[object]", value)))


def _shut(value: object) -> object:
    """Put the mark of an unknown for each secret in the value."""
    if _is_secret(value):
        return NOT_READ
    if isinstance(value, dict):
        return {key: _shut(inner) for key, inner in cast("dict[str, object]", value).items()}
    return [_shut(inner) for inner in cast("list[object]", value)] if isinstance(value, list) else value


def _text(value: object) -> str:
    """Return a setting as a program gets it: text as it stands, everything else as JSON, keys in order, as the engine writes it."""
    shut = _shut(value)
    return shut if isinstance(shut, str) else json.dumps(shut, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _plugins(document: Mapping[str, object], root: Path) -> Iterator[tuple[str, Path]]:
    """Yield the packages that the project takes from its own folders: `plugins.providers` and `packages`."""
    packages, plugins = document.get("packages"), document.get("plugins")
    if isinstance(packages, dict):
        for name, source in cast("dict[object, object]", packages).items():
            if isinstance(source, str) and source.startswith((".", "/")):
                yield str(name), root / source
    providers = cast("dict[str, object]", plugins).get("providers") if isinstance(plugins, dict) else None
    for entry in cast("list[object]", providers) if isinstance(providers, list) else []:
        said = cast("dict[str, object]", entry) if isinstance(entry, dict) else {}
        if isinstance(said.get("name"), str) and isinstance(said.get("path"), str):
            yield str(said["name"]), root / str(said["path"])
