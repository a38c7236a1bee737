"""The JSON Schema of a stack file, made from the model so that the two cannot drift apart."""

import json
from pathlib import Path

from lepton_infra.config.files import write_aside
from lepton_infra.config.model import Stack
from lepton_infra.config.project import KEY, Project
from lepton_infra.errors import LeptonError

NAME = "stack.schema.json"


def stack_schema() -> dict[str, object]:
    """Return the schema (JSON Schema 2020-12) of a whole `Pulumi.<stack>.yaml`."""
    stack = Stack.model_json_schema(ref_template="#/$defs/{model}")
    definitions = stack.pop("$defs", {})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Stack file of lepton-infra",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "description": "Pulumi configuration; other keys than lepton's are Pulumi's and its providers'.",
                "properties": {KEY: stack},
                "required": [KEY],
            },
        },
        "required": ["config"],
        "$defs": definitions,
    }


def write_schema(project: Project) -> Path:
    """Write the schema beside the stack files and return where."""
    path = project.stacks / NAME
    write_aside(path, _text())
    return path


def check_schema(project: Project) -> Path:
    """Return the schema's path where it is up to date.

    Raises:
        LeptonError: it is missing or differs from what would be written.
    """
    path = project.stacks / NAME
    if not path.is_file() or path.read_text(encoding="utf-8") != _text():
        raise LeptonError(f"{NAME}: is missing or out of date. Run `lepton schema` and commit the file.")
    return path


def _text() -> str:
    return json.dumps(stack_schema(), indent=2, ensure_ascii=False) + "\n"
