"""What a program is run with: settings as the engine hands them over, secrets shut, packages found."""

import json
from pathlib import Path

import pytest

from lepton_infra.config.project import find_project
from lepton_infra.config.runnable import NOT_READ, Runnable, load_runnable
from lepton_infra.errors import BadInput


def _load(root: Path, project: str, stack: str) -> Runnable:
    (root / "Pulumi.yaml").write_text(f"name: shop\n{project}")
    (root / "Pulumi.dev.yaml").write_text(stack)
    return load_runnable(find_project(root), "dev")


def test_settings_are_texts_as_the_engine_writes_them(tmp_path: Path) -> None:
    found = _load(
        tmp_path,
        "runtime: python\n",
        "config: {'aws:region': eu-west-1, 'shop:n': 5, 'shop:f': true, 'shop:x': 1.5, bare: a, 'shop:o': {b: [1, z], a: null}}",
    )

    assert found.config == {
        "aws:region": "eu-west-1",
        "shop:bare": "a",
        "shop:f": "true",
        "shop:n": "5",
        "shop:o": '{"a":null,"b":[1,"z"]}',
        "shop:x": "1.5",
    }
    assert (found.secret_keys, found.directory, found.entry) == ((), tmp_path, tmp_path)


def test_no_secret_is_read(tmp_path: Path) -> None:
    found = _load(
        tmp_path, "runtime: python\n", "config: {'shop:a': {secure: 'v1:x'}, 'shop:b': {deep: [{secure: 'v1:y'}], open: 1}, 'shop:c': d}"
    )

    assert found.secret_keys == ("shop:a", "shop:b")
    assert found.config["shop:a"] == NOT_READ
    assert json.loads(found.config["shop:b"]) == {"deep": [NOT_READ], "open": 1}


def test_the_projects_own_settings_stand_behind_the_stacks(tmp_path: Path) -> None:
    found = _load(
        tmp_path,
        "runtime: python\nconfig: {'aws:region': us-east-1, n: {type: integer, default: 3}, m: {value: 4}, o: {type: string}}\n",
        "config: {'aws:region': eu-west-1, 'shop:o': given}",
    )

    assert found.config == {"aws:region": "eu-west-1", "shop:m": "4", "shop:n": "3", "shop:o": "given"}


def test_packages_of_components_are_found(tmp_path: Path) -> None:
    found = _load(
        tmp_path,
        "runtime: {name: python, options: {virtualenv: venv}}\npackages: {one: ./one, far: aws@7}\n"
        "plugins: {providers: [{name: two, path: two}]}\nmain: app\n",
        "{}",
    )

    assert found.plugins == {"one": tmp_path / "one", "two": tmp_path / "two"}
    assert found.options == {"virtualenv": "venv"}


@pytest.mark.parametrize(
    ("project", "stack", "sentence"),
    [
        ("runtime: nodejs\n", "{}", r"Pulumi\.yaml: runtime is 'nodejs'; python\. Give what"),
        ("runtime: {name: go}\n", "{}", r"Pulumi\.yaml: runtime is 'go'; python\."),
        ("{}\n", "{}", r"Pulumi\.yaml:\d+: is not YAML"),
        ("runtime: python\n", "config: [1]", r"Pulumi\.dev\.yaml: config is list; a mapping of settings\."),
        ("runtime: python\n", "config: {a: {", r"Pulumi\.dev\.yaml:\d+: is not YAML"),
        (
            "runtime: python\nconfig: {n: {type: integer}, m: {type: string}}\n",
            "{}",
            r"config shop:n: is not set; Pulumi\.yaml wants integer\. Set it in the stack's file\.\nconfig shop:m: is not set",
        ),
    ],
)
def test_what_cannot_be_run_is_refused(tmp_path: Path, project: str, stack: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        _load(tmp_path, project, stack)


def test_a_stack_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path) -> None:
    _load(tmp_path, "runtime: python\n", "{}")

    with pytest.raises(BadInput, match=r"prod: has no file Pulumi\.prod\.yaml; one of dev\. Write"):
        load_runnable(find_project(tmp_path), "prod")
