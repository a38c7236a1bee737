"""Templates, comparison and merging: functions of their arguments alone."""

from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.rehearsal.diff import Kind, differences
from lepton_infra.rehearsal.facts import TypeFacts
from lepton_infra.rehearsal.template import draw, fill, merge
from lepton_infra.rehearsal.wire import UNKNOWN, Value, from_struct, has_unknown, to_struct, without_none

LEAVES = st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.text(max_size=8)
VALUES: st.SearchStrategy[Value] = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=4), inner, max_size=4), max_leaves=20
)
OBJECTS = st.dictionaries(st.from_regex(r"[a-z][A-Za-z]{0,5}", fullmatch=True), VALUES, max_size=5)
FACTS = TypeFacts(replace=frozenset({"name", "config.address"}), sets=frozenset({"subnetIds"}))


@given(OBJECTS)
def test_the_wire_loses_nothing_but_what_is_absent(values: dict[str, Value]) -> None:
    assert from_struct(to_struct(values)) == without_none(values)


@given(OBJECTS)
def test_nothing_differs_from_itself(values: dict[str, Value]) -> None:
    assert differences(values, values, FACTS) == []


@given(OBJECTS, OBJECTS)
def test_what_differs_one_way_differs_the_other_way(old: dict[str, Value], new: dict[str, Value]) -> None:
    there = {one.path: one.kind for one in differences(old, new, FACTS)}
    back = {one.path: one.kind for one in differences(new, old, FACTS)}
    turned = {Kind.ADD: Kind.DELETE, Kind.DELETE: Kind.ADD, Kind.UPDATE: Kind.UPDATE}

    assert back == {path: turned[kind] for path, kind in there.items()}
    assert (without_none(old) == without_none(new)) or there


@given(OBJECTS, OBJECTS)
def test_ignoring_every_property_leaves_nothing(old: dict[str, Value], new: dict[str, Value]) -> None:
    assert differences(old, new, FACTS, [*old, *new]) == []


def test_paths_and_kinds_are_the_engines() -> None:
    old: dict[str, Value] = {"a": {"b": [1, 2], "gone": 1}, "tags": {"x.y": "1"}, "name": "n"}
    new: dict[str, Value] = {"a": {"b": [1, 3, 4]}, "tags": {"x.y": "2"}, "name": "m", "config": {"address": "z"}}

    assert {(one.path, one.kind, one.replaces) for one in differences(old, new, FACTS)} == {
        ("a.b[1]", Kind.UPDATE, False),
        ("a.b[2]", Kind.ADD, False),
        ("a.gone", Kind.DELETE, False),
        ('tags["x.y"]', Kind.UPDATE, False),
        ("name", Kind.UPDATE, True),
        ("config", Kind.ADD, False),
    }


def test_the_order_of_a_set_means_nothing() -> None:
    assert differences({"subnetIds": ["a", "b"]}, {"subnetIds": ["b", "a"]}, FACTS) == []
    assert differences({"subnetIds": [{"a": 1, "b": 2}, {"a": 2}]}, {"subnetIds": [{"a": 2}, {"b": 2, "a": 1}]}, FACTS) == []
    assert [one.path for one in differences({"other": ["a", "b"]}, {"other": ["b", "a"]}, FACTS)] == ["other[0]", "other[1]"]
    assert differences({"subnetIds": ["a", "b"]}, {"subnetIds": ["b", "c"]}, FACTS)


def test_what_is_unknown_counts_as_changed() -> None:
    assert [(one.path, one.replaces) for one in differences({"name": "n"}, {"name": UNKNOWN}, FACTS)] == [("name", True)]


def test_ignored_paths_cover_what_lies_below_and_only_that() -> None:
    old: dict[str, Value] = {"config": {"desired": 1, "most": 2}, "configs": 1}
    new: dict[str, Value] = {"config": {"desired": 5, "most": 3}, "configs": 2}

    assert [one.path for one in differences(old, new, FACTS, ["config.desired"])] == ["config.most", "configs"]
    assert [one.path for one in differences(old, new, FACTS, ["config"])] == ["configs"]


def test_templates_are_filled_at_any_depth() -> None:
    values: dict[str, Value] = {"region": "r", "size": 3, "url": "https://h/p", "deep": [{"key": "k"}]}

    assert fill({"a": ["x-{region}", "{size}", "{deep.0.key}"], "b": 1}, values, "s") == {"a": ["x-r", 3, "k"], "b": 1}
    assert fill("{url:host}", values, "s") == "h/p"
    assert fill("arn:{nothing}", values, "s") is None
    assert fill("${version} {region}", values, "s") == "${version} r"
    assert fill("x-{region}", {"region": UNKNOWN}, "s") == UNKNOWN


def test_tokens_are_the_same_for_a_resource_and_others_for_another() -> None:
    assert fill("{hex17} {hex17}", {}, "one") == " ".join([str(fill("{hex17}", {}, "one"))] * 2)
    assert fill("{hex17}", {}, "one") != fill("{hex17}", {}, "two")
    assert fill("{hex17}", {}, "one") != fill("{hex17:other}", {}, "one")


@given(st.text(), st.integers(1, 40))
def test_draws_are_of_the_alphabet_and_the_length(seed: str, length: int) -> None:
    drawn = draw(seed, "0123456789abcdef", length)

    assert len(drawn) == length
    assert set(drawn) <= set("0123456789abcdef")
    assert drawn == draw(seed, "0123456789abcdef", length)


@given(OBJECTS)
def test_merging_with_itself_or_nothing_changes_nothing(values: dict[str, Value]) -> None:
    assert merge(values, values) == values
    assert merge(values, None) == values
    assert merge(values, {}) == values


@given(VALUES)
def test_unknowns_are_found_at_any_depth(value: Value) -> None:
    assert not has_unknown(value)
    assert has_unknown([{"a": [value, UNKNOWN]}])
