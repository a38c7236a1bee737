"""Commitments as the plan says them."""

import datetime as dt

import numpy as np
import pytest

from lepton_infra.catalog import Catalog, Commitment, load_catalog
from lepton_infra.sizing.erlang import Promise as Waiting
from lepton_infra.sizing.promised import needed, promises, told
from lepton_infra.sizing.queue import Queue
from lepton_infra.sizing.series import DemandSeries
from lepton_infra.sizing.staffing import NodeShape

MACHINE = load_catalog().machine("aws", "p5.4xlarge", "us-east-1")
assert MACHINE
START = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def demand(days: int, start: dt.datetime = START) -> DemandSeries:
    """Half of each day 10, half 30, by ten minutes."""
    return DemandSeries(start, 600, np.tile(np.repeat([10.0, 30.0], 72), days), "requests_per_second")


def book(years: int = 1) -> Catalog:
    assert MACHINE
    term = Commitment(years, MACHINE.usd_per_hour * 0.6, derived=True, program="reserved", as_of=dt.date(2026, 8, 26), source="test")
    return Catalog(load_catalog().machines, {MACHINE.key: (term,)})


def test_need_is_of_the_busiest_window_and_of_whole_nodes() -> None:
    assert MACHINE
    series = demand(1)
    series.values[3] = 25.0
    series.values[12:18] = np.nan
    found = needed("chat", MACHINE, NodeShape(1, 10.0), series, 2)
    assert np.nan_to_num(found.nodes, nan=-1).tolist() == [3, 2, -1, *[2] * 9, *[3] * 12]


def test_need_keeps_the_promise() -> None:
    assert MACHINE
    waits = NodeShape(1, 10.0, Queue(10, 1.0, Waiting(0.05), 1.0))
    assert needed("chat", MACHINE, waits, demand(1), 0).nodes[-1] > needed("chat", MACHINE, NodeShape(1, 10.0), demand(1), 0).nodes[-1]


def test_what_the_plan_says() -> None:
    assert MACHINE
    node = NodeShape(1, 10.0)
    later = demand(60, START + dt.timedelta(days=5))
    pools = [needed("chat", MACHINE, node, demand(60), 1), needed("overflow", MACHINE, node, later, 1)]
    (one,) = promises(pools, book())
    # Two pools of one node by night and three by day, over the 55 days that both have.
    assert (one.pools, one.machines, one.nodes, one.advised) == (("chat", "overflow"), ("p5.4xlarge",), 2, True)
    assert one.usd_per_month_saved == pytest.approx(2 * 0.4 * MACHINE.usd_per_hour * 730, abs=0.01)
    assert one.saved == pytest.approx(0.2)
    said = (
        "commit: 2 of p5.4xlarge for 1 year (reserved, price derived): saves 4,018 $ a month, 20% (80% interval 20% to 20%), "
        "18% with a quarter less need; it pays where needed in 60% of the hours and was in 100%."
    )
    assert told([one], ["p5.4xlarge"]) == [said]


def test_what_is_not_believed_is_said() -> None:
    assert MACHINE
    found = promises([needed("chat", MACHINE, NodeShape(1, 10.0), demand(14), 1)], book(3))
    assert not found[0].advised
    first, second = told(found, ["p5.4xlarge"])
    assert first == "commit: nothing yet."
    assert "14 days of history say little about 3 years: 84 days at least before signing." in second
    assert promises([], book()) == ()
    assert told([], ["p5.4xlarge", "p5.4xlarge"]) == ["commit: the catalogue has no commitment price of p5.4xlarge."]
