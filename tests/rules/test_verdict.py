import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.rules.values import ABSENT
from lepton_infra.rules.verdict import FAIL, PASS, State, Verdict, all_of, any_of, none_of
from lepton_infra.rules.view import View

ORDER = {State.FAIL: 0, State.UNDECIDED: 1, State.PASS: 2}
verdicts = st.sampled_from([PASS, FAIL, Verdict(State.UNDECIDED)])


@given(one=verdicts, other=verdicts)
def test_and_is_the_worse_or_is_the_better(one: Verdict, other: Verdict) -> None:
    assert (one & other).state is min(one.state, other.state, key=ORDER.__getitem__)
    assert (one | other).state is max(one.state, other.state, key=ORDER.__getitem__)


@given(group=st.lists(verdicts))
def test_all_any_and_none_agree_with_the_operators(group: list[Verdict]) -> None:
    assert all_of(group).state is (~any_of(~verdict for verdict in group)).state
    assert none_of(group).state is (~any_of(group)).state
    conjunction, disjunction = PASS, FAIL
    for verdict in group:
        conjunction, disjunction = conjunction & verdict, disjunction | verdict
    assert (all_of(group).state, any_of(group).state) == (conjunction.state, disjunction.state)


@given(one=verdicts)
def test_not_not_is_nothing_and_maybe_takes_certainty_only(one: Verdict) -> None:
    assert (~~one).state is one.state
    assert one.maybe().state is (State.UNDECIDED if one.state is State.PASS else one.state)


def test_a_violation_beats_an_unknown_and_keeps_its_own_facts_only() -> None:
    view = View({"a": False}, "x", View(ABSENT))
    verdict = view.a.is_true() & view.b.is_true() & PASS
    assert verdict.state is State.FAIL
    assert verdict.message == "x.a is false and x.b is absent"


def test_an_implication_tells_why_it_was_asked() -> None:
    pool = View({"gpu": True}, "pool", View(ABSENT))
    assert pool.gpu.is_true().implies(pool.limit.is_set()).message == "pool.gpu is true and pool.limit is absent"
    assert pool.other.is_true().implies(FAIL).state is State.PASS


@pytest.mark.parametrize("use", [bool, lambda verdict: verdict and PASS, lambda verdict: not verdict])
def test_a_verdict_is_no_bool(use: object) -> None:
    with pytest.raises(TypeError, match="three values"):
        use(PASS)  # type: ignore[operator] (what is wrong here is what is tested)


def test_many_facts_are_counted() -> None:
    view = View([1, 2, 3, 4, 5], "x", View(ABSENT))
    assert none_of(item > 0 for item in view).message == "x[0] is 1 and x[1] is 2 and x[2] is 3 and 2 more"
