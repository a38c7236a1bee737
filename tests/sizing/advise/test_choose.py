"""The set of advice that is counted: no node-hour twice, and none that saves more."""

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lepton_infra.sizing.advise.choose import consistent, ordered
from lepton_infra.sizing.advise.model import Advice, Confidence, Kind, Money

claims = st.frozensets(st.sampled_from("abcd"), min_size=1, max_size=2).map(lambda each: frozenset((pool, "need") for pool in each))


def advice(place: int, usd: float, on: frozenset[tuple[str, str]], kind: Kind = Kind.MOVE) -> Advice:
    return Advice(f"{kind}-{place}", kind, ("a",), "", Money(usd, usd, usd), (), {}, Confidence.HIGH, (), on)


def usd(chosen: list[Advice] | tuple[Advice, ...]) -> float:
    return sum(one.usd_per_month.expected for one in chosen if one.usd_per_month)


@given(st.lists(st.tuples(st.integers(-5, 100), claims), max_size=8))
def test_no_set_saves_more(offered: list[tuple[int, frozenset[tuple[str, str]]]]) -> None:
    every = [advice(place, usd, on) for place, (usd, on) in enumerate(offered)]
    chosen = consistent(every)
    taken = [claim for one in chosen for claim in one.claims]
    assert len(taken) == len(set(taken))
    possible = chain.from_iterable(combinations(every, count) for count in range(len(every) + 1))
    apart = [each for each in possible if len({claim for one in each for claim in one.claims}) == sum(len(one.claims) for one in each)]
    assert usd(chosen) == pytest.approx(max(map(usd, apart)))


def test_the_others_say_what_is_counted_in_their_place() -> None:
    here, there = frozenset({("a", "need")}), frozenset({("b", "need")})
    every = [advice(1, 10, here), advice(2, 20, here | there), advice(3, 15, there), advice(4, -7, frozenset(), Kind.RAISE)]
    chosen = consistent(every)
    assert [one.id for one in chosen] == ["move-3", "move-1"]
    assert [(one.id, one.instead) for one in ordered(every, chosen)] == [
        ("move-3", ()),
        ("move-1", ()),
        ("move-2", ("move-3", "move-1")),
        ("raise-4", ()),
    ]
