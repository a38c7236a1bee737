import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.engine.events import Diagnostic, Done, Event, Failed, Judged, Started, Summary, Tail, Violation, parse
from lepton_infra.engine.runs import Ledger, Operation, PolicyCheck, Run

LOGS = Path(__file__).parent / "logs"
THING = "urn:pulumi:dev::tiny::test:index:Thing::one"
ROOT = "urn:pulumi:dev::tiny::pulumi:pulumi:Stack::tiny-dev"
BAD = "urn:pulumi:dev::tiny::pulumi-python:dynamic:Resource::bad"

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [
        "resourcePreEvent",
        "resOutputsEvent",
        "resOpFailedEvent",
        "diagnosticEvent",
        "policyEvent",
        "policyAnalyzeSummaryEvent",
        "summaryEvent",
    ]
)
FIELDS = st.sampled_from(["metadata", "urn", "op", "severity", "message", "passed", "failed", "resourceChanges", "PolicyPacks", "error"])


def read(name: str) -> list[Event]:
    tail = Tail()
    return [*tail.feed((LOGS / name).read_bytes()), *tail.finish()]


def close(events: list[Event], fault: str = "") -> Run:
    ledger = Ledger()
    for at, event in enumerate(events):
        ledger.add(event, float(at))
    return ledger.close(Operation.UP, seconds=1.5, fault=fault, output="")


def test_a_real_preview_with_a_policy() -> None:
    events = read("preview-with-policy.jsonl")
    assert Violation("no-one", "tiny", THING, "high", "mandatory", "call it two") in events
    assert Judged("tiny", THING, (), ("no-one",)) in events
    assert Judged("tiny", ROOT, ("no-one",), ()) in events
    assert isinstance(events[-1], Summary)
    assert (events[-1].changes, events[-1].result, events[-1].packs) == ({"create": 2}, "failed", ("tiny",))
    assert not [event for event in events if isinstance(event, Diagnostic) and event.severity != "error"]


def test_the_run_of_a_real_preview_with_a_policy() -> None:
    run = close(read("preview-with-policy.jsonl"), fault="exit code 1")
    assert not run.ok
    assert run.policies_checked == (PolicyCheck("no-one", "tiny", 2, 1),)
    assert [violation.urn for violation in run.violations] == [THING]
    assert {(change.urn, change.type, change.op) for change in run.resources} == {
        (ROOT, "pulumi:pulumi:Stack", "create"),
        (THING, "test:index:Thing", "create"),
    }


def test_the_run_of_a_real_up_that_fails() -> None:
    events = read("up-that-fails.jsonl")
    assert Failed(BAD, "pulumi-python:dynamic:Resource", "create") in events
    run = close(events, fault="exit code 1")
    assert run.changes == {"create": 2}
    assert [failure.message for failure in run.failures if failure.urn == BAD] == ["Exception calling application: the well is dry"]
    assert BAD not in {change.urn for change in run.resources}


def test_a_real_refresh_lists_each_resource_once_as_what_it_was_found_to_be() -> None:
    run = close(read("refresh.jsonl"))
    assert sorted((change.urn, change.op) for change in run.resources) == sorted([(ROOT, "same"), (THING, "same")])
    assert run.changes == {"same": 2}
    assert all(change.seconds > 0 for change in run.resources)


def test_seconds_run_from_the_first_beginning_to_the_last_end() -> None:
    step = ("urn:a", "t:i:T", "create")
    ledger = Ledger()
    for event, at in [(Started(*step), 1.0), (Done(*step), 2.0), (Started(*step), 2.5), (Done(*step), 4.0)]:
        ledger.add(event, at)
    (change,) = ledger.close(Operation.UP, seconds=5, fault="", output="").resources
    assert change.seconds == 3.0


def test_an_end_without_a_beginning_takes_no_time() -> None:
    ledger = Ledger()
    ledger.add(Done("urn:a", "t:i:T", "create"), 9.0)
    assert ledger.close(Operation.UP, seconds=1, fault="", output="").resources[0].seconds == 0


def test_a_beginning_without_an_end_counts_in_a_good_run_alone() -> None:
    begun = Started("urn:a", "t:i:T", "create")
    assert [change.op for change in close([begun]).resources] == ["create"]
    assert close([begun], fault="killed").resources == ()


def test_changes_are_counted_where_the_engine_did_not_get_to_its_summary() -> None:
    run = close([Done("urn:a", "t", "create"), Done("urn:b", "t", "create"), Done("urn:b", "t", "delete")], fault="killed")
    assert run.changes == {"create": 2, "delete": 1}


def test_a_run_that_is_not_ok_says_why_in_any_case() -> None:
    assert [failure.message for failure in close([], fault="killed").failures] == ["killed"]
    step = Failed("urn:a", "t", "create")
    assert [(failure.urn, failure.message) for failure in close([step], fault="x").failures] == [("urn:a", "create failed")]
    explained = close([step, Diagnostic("error", "no quota", "urn:a"), Diagnostic("error", "no quota", "urn:a")], fault="x")
    assert [failure.message for failure in explained.failures] == ["no quota"]


def test_a_policy_for_the_stack_ran_on_no_resource() -> None:
    assert close([Judged("p", "", ("whole",), ())]).policies_checked == (PolicyCheck("whole", "p", 0, 0),)


def test_an_error_event_is_a_failure() -> None:
    event = parse('{"errorEvent": {"error": "out of memory\\n"}}')
    assert event == Diagnostic("error", "out of memory", "")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"resourcePreEvent"',
        b"\xff\xfe",
        b"NaN",
        b'{"resourcePreEvent": null}',
        b'{"resourcePreEvent": {}}',
        b'{"resourcePreEvent": {"metadata": []}}',
        b'{"resOutputsEvent": {"metadata": {"urn": 1, "op": "create"}}}',
        b'{"diagnosticEvent": {"severity": "debug", "message": "x"}}',
        b'{"newKindOfEvent": {"urn": "x"}}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_event_is_none(line: bytes) -> None:
    assert parse(line) is None


@given(st.dictionaries(NAMES, st.dictionaries(FIELDS, JSON | st.dictionaries(FIELDS, JSON, max_size=4), max_size=5), max_size=2))
def test_no_document_breaks_the_reader(document: dict[str, object]) -> None:
    event = parse(json.dumps(document))
    if event is not None:
        close([event])


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    tail = Tail()
    list(tail.feed(data))
    list(tail.finish())


@given(st.lists(st.integers(min_value=1, max_value=400), max_size=30))
def test_it_does_not_matter_in_which_pieces_a_log_comes(sizes: list[int]) -> None:
    data = (LOGS / "up-that-fails.jsonl").read_bytes()
    tail, events, rest = Tail(), list[Event](), data
    for size in sizes:
        events += tail.feed(rest[:size])
        rest = rest[size:]
    events += tail.feed(rest)
    assert events == read("up-that-fails.jsonl")


def test_a_last_line_without_an_end_is_read_when_the_log_is_closed() -> None:
    tail = Tail()
    assert list(tail.feed(b'{"errorEvent": {"error": "x"}}')) == []
    assert list(tail.finish()) == [Diagnostic("error", "x", "")]
