"""Whatever type the installed SDK has goes through a whole life; and the data name only what the SDK has."""

import random

import pytest
from pulumi.runtime.rpc import _RESOURCE_MODULES

from lepton_infra.rehearsal.arguments import Naming
from lepton_infra.rehearsal.check import check
from lepton_infra.rehearsal.facts import load_facts
from lepton_infra.rehearsal.package import PretendPackage, Subject
from lepton_infra.rehearsal.schema import AnyOf, Field, Fields, File, ListOf, MapOf, ObjectOf, Scalar, Shape
from lepton_infra.rehearsal.sdk import Sdk
from lepton_infra.rehearsal.store import Store
from lepton_infra.rehearsal.wire import UNKNOWN, Properties, Value

SDK = Sdk("aws")
FACTS = load_facts("aws")
TOKENS = sorted(
    token for modules in _RESOURCE_MODULES.values() for one in modules for token in getattr(one, "mod_info", {}).get("classes", {})
)
AWS = [token for token in TOKENS if token.startswith("aws:")]
SAMPLE = random.Random(20261121).sample(AWS, 150)  # noqa: S311 (a sample that is the same every time, not a secret)
SETTINGS: Properties = {"region": "eu-west-1", "defaultTags": {"tags": {"owner": "me"}}}
_LEAVES: dict[str, Value] = {"string": "x", "boolean": True, "integer": 3, "number": 0.5}
ASSET: Value = {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", "text": "hello"}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> PretendPackage:
    return PretendPackage("aws", Store(tmp_path_factory.mktemp("all") / "cloud.sqlite", 0))


def _given(shape: Shape, depth: int = 0) -> Value:
    if isinstance(shape, AnyOf):
        return _given(shape.options[0], depth)
    if isinstance(shape, ListOf):
        return [_given(shape.item, depth + 1)] if depth < 4 else []
    if isinstance(shape, MapOf):
        return {"k": _given(shape.item, depth + 1)}
    if isinstance(shape, ObjectOf):
        return {name: _given(field.shape, depth + 1) for name, field in shape.fields.items() if field.required or depth < 2}
    return _LEAVES[shape.kind] if isinstance(shape, Scalar) else ASSET if isinstance(shape, File) else "x"


def test_the_sdk_is_read_as_a_whole() -> None:
    assert len(AWS) > 1500


@pytest.mark.parametrize("token", SAMPLE)
def test_a_life_of_any_type(package: PretendPackage, token: str) -> None:
    schema = SDK.resource(token)
    subject = Subject.of(f"urn:pulumi:dev::all::{token}::thing", "", "")
    news = {name: _given(field.shape) for name, field in schema.inputs.items()}

    inputs, faults = package.check(subject, {}, news, SETTINGS, Naming("thing", ""))
    assert faults == []
    _, shown = package.create(subject, inputs, SETTINGS, preview=True)
    computed = set(schema.outputs) - set(schema.inputs) - {"tagsAll"}
    assert {name for name in computed if shown.get(name) != UNKNOWN} <= set(inputs)
    identity, made = package.create(subject, inputs, SETTINGS, preview=False)
    assert computed <= set(made)
    assert list(check(schema.outputs, made)) == []
    assert package.read(subject, identity, inputs) == (made, inputs)
    assert package.diff(subject, inputs, inputs, []) == ([], False)
    assert package.update(subject, identity, inputs, SETTINGS, preview=False) == made
    package.delete(subject, identity, inputs)
    assert package.store.every() == ()


@pytest.mark.parametrize("token", sorted(FACTS.types))
def test_the_data_name_only_what_the_sdk_has(token: str) -> None:
    schema, facts = SDK.resource(token), FACTS.types[token]
    properties = {**schema.outputs, **schema.inputs}

    assert [path for path in facts.replace - {"region"} if not _leads(schema.inputs, path)] == []
    assert [path for path in facts.sets if not _leads(schema.inputs, path, last=ListOf)] == []
    assert {*facts.defaults, *facts.outputs, *facts.claim} <= set(properties)
    assert facts.auto_name is None or facts.auto_name in schema.inputs


@pytest.mark.parametrize("token", sorted({*FACTS.shapes, *FACTS.identities}))
def test_shapes_belong_to_types_with_data(token: str) -> None:
    assert token in FACTS.types


@pytest.mark.parametrize("token", sorted(FACTS.sources))
def test_sources_are_functions_of_the_sdk(token: str) -> None:
    assert SDK.function(token).outputs


def _leads(fields: Fields, path: str, last: type | None = None) -> bool:
    first, _, rest = path.partition(".")
    field = fields.get(first)
    if field is None or not rest:
        return isinstance(field, Field) and (last is None or isinstance(field.shape, last))
    shape = field.shape.item if isinstance(field.shape, ListOf) else field.shape
    return isinstance(shape, ObjectOf) and _leads(shape.fields, rest, last)


def test_a_package_without_data_is_served_by_its_sdk_alone() -> None:
    facts = load_facts("nimbus")

    assert facts.types == facts.sources == {}
    assert "name" in facts.of("nimbus:index:Cloud").replace
