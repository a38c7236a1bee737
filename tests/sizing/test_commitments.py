"""Commitments over the programs of a catalogue: what is advised, what is doubted, and that nothing is promised twice."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from lepton_infra.catalog import Catalog, Commitment, Machine, load_catalog
from lepton_infra.sizing.commitments import Need, Scope, commitments, family_of, scope_of

AWS = load_catalog().machine("aws", "p5.48xlarge", "us-east-1")
SMALL = load_catalog().machine("aws", "p5.4xlarge", "us-east-1")
LIGHT = load_catalog().machine("aws", "g6e.xlarge", "us-east-1")
assert AWS
assert SMALL
assert LIGHT
DAY = dt.date(2026, 11, 1)


def term(machine: Machine, program: str, years: int, ratio: float) -> Commitment:
    return Commitment(years, machine.usd_per_hour * ratio, derived=False, program=program, as_of=DAY, source="test")


def book(*terms: tuple[Machine, str, int, float]) -> Catalog:
    published: dict[tuple[str, str, str], tuple[Commitment, ...]] = {}
    for machine, program, years, ratio in terms:
        published[machine.key] = (*published.get(machine.key, ()), term(machine, program, years, ratio))
    return Catalog(load_catalog().machines, published)


def swing(days: int, low: int = 4, high: int = 8) -> np.ndarray:
    """Half of each day low, half high."""
    return np.tile(np.repeat([float(low), float(high)], 12), days)


RI = "Reserved Instances"
INSTANCE = "EC2 Instance Savings Plan"
COMPUTE = "Compute Savings Plan"


def test_the_quantile_in_nodes_and_dollars() -> None:
    (found,) = commitments([Need(AWS, swing(60))], book((AWS, RI, 1, 0.6)))
    assert (found.nodes, found.scope, found.advised, found.doubts) == (4, Scope.MACHINE, True, ())
    assert found.usd_per_hour == pytest.approx(4 * AWS.usd_per_hour * 0.6)
    assert found.breakeven == pytest.approx(0.6)
    assert found.needed == 1.0
    # 4 of 6 nodes on average at 60 %: 4 * 0.4 / 6.
    assert found.saved.expected == pytest.approx(4 * 0.4 / 6)
    assert found.saved_usd_per_hour == pytest.approx(4 * 0.4 * AWS.usd_per_hour)
    # With a quarter less, need is 3 and 6: a node of the four stands idle in half of the hours.
    assert found.saved_if_less == pytest.approx(1 - (4 * 0.6 + (0 + 2) / 2) / 4.5)
    assert found.regret_if_less == pytest.approx(3 * 0.4 / 4.5 - found.saved_if_less)


def test_three_years_are_not_advised_on_two_weeks() -> None:
    one, three = commitments([Need(AWS, swing(35))], book((AWS, RI, 1, 0.6), (AWS, RI, 3, 0.4)))
    assert (one.years, one.advised) == (1, True)
    assert (three.years, three.advised) == (3, False)
    assert three.saved.expected > one.saved.expected
    assert three.doubts == ("35 days of history say little about 3 years: 84 days at least before signing.",)
    one, three = commitments([Need(AWS, swing(84))], book((AWS, RI, 1, 0.6), (AWS, RI, 3, 0.4)))
    assert (one.advised, three.advised) == (False, True)
    (short,) = commitments([Need(AWS, swing(2))], book((AWS, RI, 1, 0.6)))
    assert "fewer than 3 daily cycles" in short.doubts[0]
    assert not short.advised


def test_a_promise_that_a_smaller_need_would_turn_into_a_loss() -> None:
    (found,) = commitments([Need(AWS, np.full(24 * 40, 8.0))], book((AWS, RI, 1, 0.8)))
    assert found.nodes == 8
    assert found.saved_if_less == pytest.approx(1 - 0.8 / 0.75)
    assert found.doubts == ("Should need fall by a quarter, the bill would be 7% higher than on demand.",)
    assert not found.advised


def test_a_wider_program_covers_what_the_narrower_leaves() -> None:
    # One machine is needed by day and the other by night: each alone is needed half of the time, together always.
    day, night = np.tile(np.repeat([4.0, 0.0], 12), 40), np.tile(np.repeat([0.0, 4.0], 12), 40)
    offered = book((SMALL, COMPUTE, 1, 0.7), (LIGHT, COMPUTE, 1, 0.7), (SMALL, RI, 1, 0.6))
    machine, compute = commitments([Need(SMALL, day), Need(LIGHT, night)], offered)
    assert (machine.nodes, machine.advised) == (0, False)
    assert compute.scope is Scope.COMPUTE
    assert compute.machines == ("g6e.xlarge", "p5.4xlarge")
    assert compute.nodes is None
    # The dearer machine needs more dollars than the cheaper one: the sum that is always used up is the cheaper one's.
    assert compute.usd_per_hour == pytest.approx(4 * 0.7 * LIGHT.usd_per_hour)
    assert compute.needed == 1
    steady = commitments([Need(SMALL, np.full(24 * 40, 4.0)), Need(LIGHT, night)], offered)
    assert [one.advised for one in steady] == [True, False]
    assert steady[1].usd_per_hour == pytest.approx(0), "what reserved instances cover is not promised again"


def test_sizes_of_a_family_share_a_sum() -> None:
    found = commitments(
        [Need(AWS, np.full(24 * 40, 2.0)), Need(SMALL, np.full(24 * 40, 3.0))], book((AWS, INSTANCE, 1, 0.5), (SMALL, INSTANCE, 1, 0.5))
    )
    assert len(found) == 1
    assert found[0].scope is Scope.FAMILY
    assert found[0].usd_per_hour == pytest.approx(AWS.usd_per_hour + 1.5 * SMALL.usd_per_hour)
    assert found[0].saved.expected == pytest.approx(0.5)


def test_gaps_and_order_change_nothing() -> None:
    gapped = swing(60)
    gapped[24:48] = np.nan
    offered = book((AWS, RI, 1, 0.6), (SMALL, RI, 1, 0.6))
    found = commitments([Need(AWS, gapped)], offered)
    assert found[0].history_days == 59
    assert found[0].saved.expected == pytest.approx(4 * 0.4 / 6)
    both = [Need(AWS, swing(60)), Need(SMALL, swing(60))]
    assert commitments(both, offered) == commitments(both[::-1], offered)
    split = [Need(AWS, swing(60, 1, 2)), Need(AWS, swing(60, 3, 6))]
    assert commitments(split, offered) == commitments([Need(AWS, swing(60))], offered)


def test_nothing_needed_nothing_offered() -> None:
    assert commitments([], load_catalog()) == ()
    assert commitments([Need(AWS, np.full(24, np.nan))], book((AWS, RI, 1, 0.6))) == ()
    (idle,) = commitments([Need(AWS, np.zeros(24 * 40))], book((AWS, RI, 1, 0.6)))
    assert (idle.nodes, idle.saved.expected, idle.advised) == (0, 0, False)


def test_the_shipped_catalogue_advises_where_it_has_a_discount() -> None:
    machine = load_catalog().machine("gcp", "c3-standard-8")
    assert machine
    found = commitments([Need(machine, np.full(24 * 90, 5.0))], load_catalog())
    assert [(one.years, one.scope, one.advised) for one in found] == [(1, Scope.COMPUTE, False), (3, Scope.COMPUTE, True)]
    assert found[1].saved.expected == pytest.approx(0.46, abs=1e-5)


@pytest.mark.parametrize(
    ("program", "scope"),
    [
        ("Reserved Instances", Scope.MACHINE),
        ("standard Reserved Instance", Scope.MACHINE),
        ("EC2 Instance Savings Plan", Scope.FAMILY),
        ("Compute Savings Plan", Scope.COMPUTE),
        ("savings plan", Scope.COMPUTE),
        ("compute flexible CUD", Scope.COMPUTE),
        ("resource-based CUD", Scope.FAMILY),
        ("reservation", Scope.MACHINE),
    ],
)
def test_what_a_program_covers(program: str, scope: Scope) -> None:
    assert scope_of(program) is scope


def test_families() -> None:
    assert [family_of(replace(AWS, name=name)) for name in ("p5.48xlarge", "a2-highgpu-1g", "Standard_NC40ads_H100_v5")] == [
        "p5",
        "a2-highgpu",
        "Standard_NC40ads_H100_v5",
    ]
