import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.rules.subject import Subject
from lepton_infra.rules.values import UNKNOWN, Secret
from lepton_infra.rules.verdict import State
from lepton_infra.rules.view import Resource, View

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(UNKNOWN) | st.text().map(Secret),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
steps = st.lists(st.text(min_size=1).filter(lambda text: not text.startswith("_")) | st.integers(-9, 9), max_size=5)


def resource(inputs: Any) -> Resource:
    return Resource(Subject("aws:ebs/volume:Volume", inputs))


@given(inputs=anything, path=steps)
def test_reading_never_raises(inputs: Any, path: list[str | int]) -> None:
    view: View = resource(inputs)
    for step in path:
        view = getattr(view, step) if isinstance(step, str) and "_" not in step else view[step]
    verdicts = (
        view.is_true(),
        view.is_set(),
        view == 1,
        view != "x",
        view <= 3,
        view.is_one_of("a", 2),
        view.text_matches(re.compile("a")),
    )
    assert all(verdict.message for verdict in (*verdicts, *(item.is_set() for item in view))) or not path
    assert isinstance(view.or_default([1]).read_text(), str)
    list(view.map_items())
    assert sorted(resource(inputs).paths_read()) == []


@pytest.mark.parametrize(
    ("value", "true", "false", "is_set"),
    [
        (True, "pass", "fail", "pass"),
        ("True ", "pass", "fail", "pass"),
        (False, "fail", "pass", "pass"),
        ("false", "fail", "pass", "pass"),
        (None, "fail", "fail", "fail"),
        ("", "fail", "fail", "fail"),
        ([], "fail", "fail", "fail"),
        ({}, "fail", "fail", "pass"),
        (0, "fail", "fail", "pass"),
        (UNKNOWN, "undecided", "undecided", "undecided"),
        (Secret("true"), "pass", "fail", "pass"),
        (Secret(UNKNOWN), "undecided", "undecided", "undecided"),
    ],
)
def test_flags_and_presence(value: object, true: str, false: str, is_set: str) -> None:
    view = resource({"x": value}).x
    assert (view.is_true().state.value, view.is_false().state.value, view.is_set().state.value) == (true, false, is_set)


@pytest.mark.parametrize("value", [22, 22.0, "22", " 22 ", "2.2e1"])
def test_a_number_is_a_number_however_it_is_written(value: object) -> None:
    port = resource({"port": value}).port
    assert all(verdict.state is State.PASS for verdict in (port == 22, port <= 22, port >= 22.0, port < 23, port > 21, port != 23))


@pytest.mark.parametrize("value", [None, "many", float("nan"), "nan", True, [22], {"a": 1}])
def test_what_is_no_number_is_neither_below_nor_above(value: object) -> None:
    port = resource({"port": value}).port
    assert (port <= 1e9).state is State.FAIL
    assert (port >= -1e9).state is State.FAIL


def test_a_bound_may_be_a_view_and_unknown() -> None:
    group = resource({"min": 1, "max": 4, "later": UNKNOWN})
    assert (group["min"] <= group["max"]).state is State.PASS
    verdict = group["min"] <= group["later"]
    assert (verdict.state, verdict.path) == (State.UNDECIDED, "later")


def test_a_path_is_spelled_as_on_the_wire() -> None:
    pod = resource({"metadata": {"labels": {"app.kubernetes.io/name": "x"}}, "ports": [{"port": 1}]})
    assert pod.metadata.labels["app.kubernetes.io/name"].read_path() == 'metadata.labels["app.kubernetes.io/name"]'
    assert next(iter(pod.ports)).port.read_path() == "ports[0].port"


def test_what_lies_in_an_unknown_or_a_default_has_its_place() -> None:
    view = resource({"rules": UNKNOWN})
    verdicts = [rule.cidr.is_set() for rule in view.rules]
    assert [verdict.message for verdict in verdicts] == ["rules is unknown"]
    default = view.cidrs.or_default(["0.0.0.0/0"])
    assert [(item == "x").message for item in default] == ["cidrs is absent, which means '0.0.0.0/0'"]


def test_an_unknown_has_no_default_and_an_empty_list_has() -> None:
    view = resource({"a": UNKNOWN, "b": [], "c": 0})
    assert view.a.or_default(1).raw_value() is UNKNOWN
    assert view.b.or_default(1).raw_value() == 1
    assert view.c.or_default(1).raw_value() == 0


def test_a_single_thing_is_a_list_of_one_and_nothing_a_list_of_none() -> None:
    view = resource({"one": {"a": 1}, "none": None})
    assert [item.a.raw_value() for item in view.one] == [1]
    assert list(view["none"]) == []


@pytest.mark.parametrize(
    ("inputs", "shown"),
    [
        ({"x": Secret("hunter2")}, "is a secret"),
        ({"x": Secret({"deep": ["hunter2"]})}, "is a secret"),
        ({"password": "hunter2"}, "is set"),
        ({"userData": "hunter2"}, "is set"),
        ({"x": "hunter2" * 20}, "is set"),
        ({"x": "hunter2\nhunter2"}, "is set"),
        ({"x": "public-read"}, "is 'public-read'"),
        ({"x": 1e9}, "is 1,000,000,000"),
        ({"x": [1, 2]}, "is a list of 2"),
    ],
)
def test_a_secret_is_never_told(inputs: dict[str, Any], shown: str) -> None:
    view = resource(inputs)[next(iter(inputs))]
    assert view.read_text() == shown
    assert "hunter2" not in repr(view)
    assert "hunter2" not in repr(inputs["x"] if isinstance(inputs.get("x"), Secret) else "")


def test_what_lies_in_a_secret_is_secret_also_as_json() -> None:
    view = resource({"policy": Secret('{"Statement": {"Action": "hunter2"}}')})
    inside = view.policy.json_inside().Statement.Action
    assert inside.raw_value() == "hunter2"
    assert inside.read_text() == "is a secret"


def test_every_read_is_recorded() -> None:
    view = resource({"vpcConfig": {"endpointPublicAccess": False}, "tags": {}})
    _ = view.vpcConfig.endpointPublicAccess, view.vpcConfig.publicAccessCidrs, view.name
    assert view.paths_read() == ["name", "vpcConfig.endpointPublicAccess", "vpcConfig.publicAccessCidrs"]


@pytest.mark.parametrize("use", [bool, lambda view: "x" in view, lambda view: view and 1])
def test_a_question_with_two_answers_is_refused(use: Any) -> None:
    with pytest.raises(TypeError):
        use(resource({"x": 1}).x)


def test_no_name_of_a_view_can_hide_a_property() -> None:
    assert [name for name in dir(Resource) if not name.startswith("_") and "_" not in name] == []
