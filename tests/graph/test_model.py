"""The order of a graph, and the meaning of the wire's marks."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.config import marks
from lepton_infra.graph import Asset, Resource, Secret
from lepton_infra.graph.model import UNKNOWN, ordered
from lepton_infra.graph.monitor import values
from lepton_infra.graph.wire import decode

MARK = "4dabf18193072939515e22adb298388d"


def _resource(name: str, needs: frozenset[str]) -> Resource:
    return Resource(name, "a:b:C", name, None, custom=True, inputs={}, outputs={}, dependencies=tuple(needs), protect=False)


GRAPHS = st.dictionaries(st.sampled_from("abcdefgh"), st.frozensets(st.sampled_from("abcdefghz"), max_size=3), max_size=8)


@given(GRAPHS, st.randoms())
def test_the_order_does_not_depend_on_the_order_of_arrival(graph: dict[str, frozenset[str]], random: Random) -> None:
    resources = [_resource(name, needs) for name, needs in graph.items()]
    shuffled = random.sample(resources, len(resources))

    assert ordered(resources) == ordered(shuffled)
    assert {one.urn for one in ordered(resources)} == set(graph)


@given(GRAPHS)
def test_what_is_needed_comes_first_where_nothing_runs_in_circles(graph: dict[str, frozenset[str]]) -> None:
    straight = {name: frozenset(need for need in needs if need < name) for name, needs in graph.items()}

    seen: set[str] = set()
    for resource in ordered(_resource(name, needs) for name, needs in straight.items()):
        assert set(resource.dependencies) & set(graph) <= seen
        seen.add(resource.urn)


def test_marks_of_the_wire_are_read() -> None:
    unknown = min(marks.UNKNOWN_STRINGS)

    assert decode([unknown, f"arn:{unknown}/*", "plain", None, 1.5]) == [UNKNOWN, UNKNOWN, "plain", None, 1.5]
    assert decode({MARK: "c44067f5952c0a294b673a41bacd8c17", "text": "x"}) == Asset()
    assert decode({MARK: "0def7320c3a5731c473e5ecbe6d01bc7"}) == Asset(archive=True)
    assert decode({MARK: "5cf8f73096256a8f31e491e813e4eb8e", "urn": "u", "id": ""}) == UNKNOWN
    assert decode({MARK: "5cf8f73096256a8f31e491e813e4eb8e", "urn": "u", "id": "i"}) == "i"
    assert decode({MARK: "5cf8f73096256a8f31e491e813e4eb8e", "urn": "u"}) == "u"
    assert decode({MARK: "d0e6a833031e9bbcd3f4e8bde6ca49a4", "value": 1}) == 1
    assert decode({MARK: "d0e6a833031e9bbcd3f4e8bde6ca49a4", "secret": True}) == Secret()


def test_the_monitor_in_its_own_interpreter_knows_the_same_marks() -> None:
    assert (values.UNKNOWN, values.SIGNATURE) == (marks.UNKNOWN_STRING, marks.SIGNATURE)
    assert (values.OUTPUT, values.SECRET) == (marks.OUTPUT, marks.SECRET)


def test_a_secret_is_weighed_and_not_shown() -> None:
    secret = decode({MARK: "1b47061264138c4ac30d75fd1eb44270", "value": {"a": "hunter2"}})

    assert isinstance(secret, Secret)
    assert secret.value == {"a": "hunter2"}
    assert "hunter2" not in repr(secret)
