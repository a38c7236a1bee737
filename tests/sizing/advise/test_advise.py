"""Advice on usage whose right answer is known by how it was made."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lepton_infra.catalog import Catalog, Cloud, Commitment, Interruption, load_catalog
from lepton_infra.config import StackFile, WaitSlo
from lepton_infra.sizing.advise.case import Case, Full, full_of
from lepton_infra.sizing.advise.elsewhere import jurisdiction
from lepton_infra.sizing.advise.held import held
from lepton_infra.sizing.advise.model import Advice, Confidence, Kind, Report
from lepton_infra.sizing.plan import Plan
from lepton_infra.sizing.series import DemandSeries

from .conftest import CAPACITY, MONDAY, Rows, by_day, ran, total

Judge = Callable[..., Report]
H100 = load_catalog().machine("aws", "p5.4xlarge", "us-east-1")
assert H100
USD = H100.usd_per_hour


def bare() -> Catalog:
    """The machines of AWS without spot prices and commitments, so that nothing but what a test adds can be advised."""
    return Catalog(tuple(replace(one, spot_usd_per_hour=None) for one in load_catalog().machines if one.cloud == "aws"))


def found(report: Report, kind: Kind) -> list[Advice]:
    return [one for one in report.advice if one.kind is kind]


def the(report: Report, kind: Kind) -> Advice:
    (one,) = found(report, kind)
    return one


def test_what_is_needed_is_let_be(judge: Judge) -> None:
    report = judge(ran(14, by_day(5, 10), by_day(5, 10)), catalog=bare())
    assert report.advice == ()
    assert report.saved_usd_per_month == report.raised_usd_per_month == 0
    assert (report.pools[0].node_hours, report.pools[0].needed_node_hours) == (14 * 180, 14 * 180)
    assert (report.first, report.end) == ("2026-01-19T00:00:00Z", "2026-02-02T00:00:00Z")


def test_a_pool_that_holds_its_day_through_the_night(judge: Judge) -> None:
    report = judge(ran(14, by_day(10, 10), by_day(5, 10)), catalog=bare())
    one = the(report, Kind.RELEASE)
    assert one.usd_per_month
    # Five nodes for half of the hours.
    assert one.usd_per_month.expected == pytest.approx(5 * 0.5 * 730 * USD)
    assert one.usd_per_month.p10 == pytest.approx(one.usd_per_month.expected)
    assert (one.figures["hours"], one.figures["mean_nodes"], one.figures["above_plan"]) == (168, 5, 1)
    assert one.confidence is Confidence.HIGH
    assert [(change.key, change.now, change.to) for change in one.changes] == [("lepton:stack.pools[0].max_nodes", "20", "10")]
    assert report.counted == ("release-chat",)
    assert report.saved_usd_per_month == one.usd_per_month.expected
    assert f"(catalogue, {H100.price_date})" in " ".join(one.evidence)


def test_what_was_billed_is_what_is_saved(judge: Judge) -> None:
    rows = [{**row, "usd": row["nodes"] * 2.0} for row in ran(14, by_day(10, 10), by_day(5, 10), market="on-demand")]
    one = the(judge(rows, catalog=bare()), Kind.RELEASE)
    assert one.usd_per_month
    assert one.usd_per_month.expected == pytest.approx(5 * 0.5 * 730 * 2)
    assert "A node-hour cost 2 $: 6,720.00 $ billed for 3,360 on-demand node-hours." in one.evidence


def test_an_idle_pool_keeps_its_floor_until_that_is_lowered(judge: Judge) -> None:
    report = judge(ran(14, lambda _: 4, lambda _: 0), catalog=bare())
    release, floor = the(report, Kind.RELEASE), the(report, Kind.RESIZE)
    assert "idle throughout" in release.what
    assert release.usd_per_month
    assert floor.usd_per_month
    assert release.usd_per_month.expected == pytest.approx(3 * 730 * USD)
    assert floor.usd_per_month.expected == pytest.approx(1 * 730 * USD)
    assert [(change.key, change.to) for change in floor.changes] == [("lepton:stack.pools[0].min_nodes", "0")]
    assert report.saved_usd_per_month == pytest.approx(4 * 730 * USD)


def test_a_short_pool_is_money_well_spent(judge: Judge) -> None:
    report = judge(ran(14, by_day(5, 8), by_day(5, 10)), catalog=bare())
    assert not found(report, Kind.RELEASE)
    # Records of an hour and a demand that is flat within it: a node is full at 100 %, and fuller than full is not seen.
    assert not found(report, Kind.RAISE)
    slow = [{**row, "utilisation": min(float(row["utilisation"]), 0.99)} for row in ran(14, by_day(5, 8), by_day(5, 10))]
    assert not found(judge(slow, catalog=bare()), Kind.RAISE)


def test_a_short_pool_under_a_promise(cased: Callable[[Rows], Case]) -> None:
    def hot(rows: Rows) -> dict[Kind, Advice]:
        return {one.kind: one for one in held(replace(cased(rows), full=Full(0.8, 1.0, "A node is full at 80%.")))}

    found = hot(ran(14, by_day(8, 10), by_day(5, 10)))
    # By day 10 nodes' worth of work at 80 % take 12.5: three are missing half of the time. By night 5 take 6.25: seven, one too many.
    short, release = found[Kind.RAISE], found[Kind.RELEASE]
    assert short.usd_per_month
    assert short.usd_per_month.expected == pytest.approx(-3 * 0.5 * 730 * USD)
    assert short.figures["share_short"] == 0.5
    assert [(change.key, change.now, change.to) for change in short.changes] == [("lepton:stack.pools[0].quantile", "0.95", "0.975")]
    assert release.usd_per_month
    assert release.usd_per_month.expected == pytest.approx(1 * 0.5 * 730 * USD)
    at_bound = hot(ran(14, by_day(7, 20), by_day(5, 19)))[Kind.RAISE]
    assert [(change.key, change.now, change.to) for change in at_bound.changes] == [("lepton:stack.pools[0].max_nodes", "20", "24")]
    assert "In 168 of these hours the pool stood at max_nodes, 20." in at_bound.evidence


def test_what_is_short_is_raised_in_the_report(judge: Judge, planned: StackFile) -> None:
    waits = planned.stack.pools[0].model_copy(update={"slo": WaitSlo(wait_probability=0.01, slots_per_replica=4)})
    promised = replace(planned, stack=planned.stack.model_copy(update={"pools": (waits,)}))
    report = judge(ran(14, by_day(8, 11), by_day(5, 10)), catalog=bare(), stack_file=promised)
    one = the(report, Kind.RAISE)
    assert "the promise about waiting holds up to" in " ".join(one.evidence)
    assert one.usd_per_month
    assert report.raised_usd_per_month == -one.usd_per_month.expected > 0


def test_a_record_is_full_where_its_busiest_window_is() -> None:
    peaky = DemandSeries(MONDAY, 600, np.tile([20.0, 10, 10, 10, 10, 0], 24 * 7), "requests_per_second")
    assert full_of(peaky, 60).share == pytest.approx(0.5)
    assert full_of(peaky, 60, 0.8).share == pytest.approx(0.4)
    assert full_of(peaky, 10).share == 1
    assert full_of(replace(peaky, values=np.full(144, 10.0)), 60) == Full(1.0, 1.0, "A node is full at 100%.")


@pytest.mark.parametrize(("factor", "said"), [(0.6, "fallen below"), (1.4, "risen above")])
def test_demand_that_left_the_plan(judge: Judge, factor: float, said: str) -> None:
    report = judge(ran(14, by_day(8, 15), by_day(5 * factor, 10 * factor)), catalog=bare())
    one = the(report, Kind.REPLAN)
    assert said in one.what
    assert one.figures["ratio"] == pytest.approx(factor, abs=0.01)
    assert one.usd_per_month is None


def test_demand_that_stayed_is_not_drift(judge: Judge) -> None:
    assert not found(judge(ran(14, by_day(8, 15), by_day(5 * 0.95, 10 * 0.95)), catalog=bare()), Kind.REPLAN)
    assert not found(judge(ran(2, by_day(8, 15), by_day(1, 1)), catalog=bare()), Kind.REPLAN)


def test_spot_where_the_band_permits(judge: Judge) -> None:
    def sold(band: Interruption) -> Catalog:
        spot = replace(H100, spot_usd_per_hour=USD / 2, spot_mark=None, interruption=band)
        return Catalog(tuple(spot if one.key == H100.key else one for one in bare().machines))

    rows = ran(14, by_day(10, 10), by_day(10, 10))
    one = the(judge(rows, catalog=sold(Interruption.UNDER_10)), Kind.MOVE)
    assert one.usd_per_month
    # Half of ten at half the price, less a spare: 5 * 0.5 - 0.5 = 2 node prices an hour, and a little boot.
    assert one.usd_per_month.expected == pytest.approx(2 * 730 * USD, rel=1e-3)
    assert one.usd_per_month.p10 < 2 * 730 * USD
    assert not found(judge(rows, catalog=sold(Interruption.OVER_20)), Kind.MOVE)
    assert not found(judge([{**row, "market": "spot"} for row in rows], catalog=sold(Interruption.UNDER_10)), Kind.MOVE)


def test_the_same_machine_elsewhere_in_the_same_jurisdiction(judge: Judge) -> None:
    near, far = (replace(H100, region=region, usd_per_hour=USD * 0.7, spot_usd_per_hour=None) for region in ("us-west-2", "eu-west-1"))
    report = judge(ran(14, by_day(5, 10), by_day(5, 10)), catalog=Catalog((*bare().machines, near, far)))
    one = the(report, Kind.MOVE)
    assert one.usd_per_month
    assert one.usd_per_month.expected == pytest.approx(0.3 * 7.5 * 730 * USD)
    assert [(change.key, change.to) for change in one.changes] == [("lepton:stack.region", "us-west-2")]
    assert not found(judge(ran(14, by_day(5, 10), by_day(5, 10)), catalog=Catalog((*bare().machines, far))), Kind.MOVE)


def test_a_cheaper_machine_for_the_same_need(judge: Judge) -> None:
    pricey = Catalog(tuple(replace(one, usd_per_hour=60.0) if one.name == "p5.4xlarge" else one for one in bare().machines))
    report = judge(ran(14, by_day(5, 10), by_day(5, 10)), catalog=pricey)
    one = the(report, Kind.RESIZE)
    eight = load_catalog().machine("aws", "p5.48xlarge", "us-east-1")
    assert eight
    assert one.changes[0].to == "p5.48xlarge"
    assert one.usd_per_month
    # One machine of eight by night, two by day.
    assert one.usd_per_month.expected == pytest.approx((7.5 * 60 - 1.5 * eight.usd_per_hour) * 730)


def test_memory_that_is_not_used(judge: Judge) -> None:
    rows = ran(14, by_day(5, 10), by_day(5, 10), gpu_memory=0.2)
    one = the(judge(rows, catalog=bare()), Kind.RESIZE)
    assert one.usd_per_month is None
    assert "At most 20% of 80 GB was used, 16 GB" in one.evidence[0]
    assert one.changes[0].key == "lepton:stack.pools[0].gpu"
    assert not found(judge(ran(14, by_day(5, 10), by_day(5, 10), gpu_memory=0.9), catalog=bare()), Kind.RESIZE)


def with_promise(years: int = 1, ratio: float = 0.6) -> Catalog:
    term = Commitment(years, USD * ratio, derived=False, program="Reserved Instances", as_of=dt.date(2026, 11, 1), source="test")
    return Catalog(bare().machines, {H100.key: (term,)})


def test_a_commitment_on_what_was_needed(judge: Judge) -> None:
    # Ten are held all along, five of them are needed by night: what is released is not promised as well.
    report = judge(ran(30, by_day(10, 10), by_day(5, 10)), catalog=with_promise())
    commit, release = the(report, Kind.COMMIT), the(report, Kind.RELEASE)
    assert commit.figures["nodes"] == 5
    assert commit.usd_per_month
    assert commit.usd_per_month.expected == pytest.approx(5 * 0.4 * USD * 730)
    assert set(report.counted) == {commit.id, release.id}
    assert release.usd_per_month
    assert report.saved_usd_per_month == pytest.approx(commit.usd_per_month.expected + release.usd_per_month.expected)
    already = [{**row, "market": "committed"} for row in ran(30, by_day(10, 10), by_day(5, 10))]
    assert not found(judge(already, catalog=with_promise()), Kind.COMMIT)


def test_a_commitment_that_two_weeks_do_not_carry_is_a_remark(judge: Judge) -> None:
    report = judge(ran(14, by_day(5, 10), by_day(5, 10)), catalog=with_promise())
    assert not found(report, Kind.COMMIT)
    assert any("14 days of history say little about 1 year" in note for note in report.notes)


def test_savings_on_the_same_nodes_are_counted_once(judge: Judge) -> None:
    promise = with_promise()
    near = replace(H100, region="us-west-2", usd_per_hour=USD * 0.7)
    report = judge(ran(30, by_day(10, 10), by_day(10, 10)), catalog=Catalog((*promise.machines, near), promise.published))
    commit, move = the(report, Kind.COMMIT), the(report, Kind.MOVE)
    # 40 % off ten nodes beats 30 % off ten nodes.
    assert report.counted == (commit.id,)
    assert move.instead == (commit.id,)
    assert commit.usd_per_month
    assert report.saved_usd_per_month == commit.usd_per_month.expected


def test_without_utilisation_all_is_needed(judge: Judge) -> None:
    rows = [{key: value for key, value in row.items() if key != "utilisation"} for row in ran(30, by_day(10, 10), by_day(5, 10))]
    report = judge(rows, catalog=with_promise())
    assert [one.kind for one in report.advice] == [Kind.COMMIT]
    assert report.advice[0].confidence is Confidence.LOW
    assert "no record says how far nodes were used" in report.notes[0]
    assert report.pools[0].needed_node_hours is None


def test_utilisation_may_come_from_another_file(judge: Judge) -> None:
    rows = ran(14, by_day(10, 10), by_day(5, 10))
    nodes: Rows = [{"time": row["time"], "pool": "chat", "machine": "p5.4xlarge", "nodes": row["nodes"]} for row in rows]
    use: Rows = [{"time": row["time"], "pool": "chat", "utilisation": row["utilisation"]} for row in rows]
    assert judge(nodes, use, catalog=bare()) == judge(rows, catalog=bare())


def test_few_days_tell_no_hours_apart(judge: Judge) -> None:
    report = judge(ran(2, by_day(10, 10), by_day(5, 10)), catalog=bare())
    assert not found(report, Kind.RELEASE)
    assert "chat: 2 days of records tell no hour of the day from chance; need is that of all hours." in report.notes
    one = the(judge(ran(2, by_day(12, 12), by_day(5, 10)), catalog=bare()), Kind.RELEASE)
    assert one.confidence is Confidence.LOW


def test_gaps_are_said(judge: Judge) -> None:
    rows = ran(14, by_day(10, 10), by_day(5, 10))
    report = judge([*rows[:100], *rows[124:]], catalog=bare())
    assert "chat: 24 of 336 hours have no record; a month is made of those that have." in report.notes
    one = the(report, Kind.RELEASE)
    assert one.usd_per_month
    assert one.usd_per_month.expected == pytest.approx(one.figures["node_hours"] / 312 * 730 * USD)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(0, 1), min_size=24 * 4, max_size=24 * 4), st.floats(0, 1))
def test_more_utilisation_never_releases_more(judge: Judge, used: list[float], more: float) -> None:
    def rows(values: list[float]) -> Rows:
        return [{**row, "utilisation": round(value, 6)} for row, value in zip(ran(4, by_day(8, 8), by_day(1, 1)), values, strict=True)]

    low = judge(rows(used), catalog=bare())
    high = judge(rows([min(value + more * (1 - value), 1.0) for value in used]), catalog=bare())
    assert total(high, "release") <= total(low, "release") + 1e-6


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(2, 5))
def test_dollars_scale_with_the_price(judge: Judge, factor: int) -> None:
    def rows(usd: float) -> Rows:
        return [{**row, "usd": row["nodes"] * usd} for row in ran(5, by_day(10, 12), by_day(5, 10))]

    assert total(judge(rows(1.0 * factor), catalog=bare()), "release") == pytest.approx(
        factor * total(judge(rows(1.0), catalog=bare()), "release")
    )


def test_the_order_of_rows_and_of_the_catalogue_changes_nothing(judge: Judge, planned: StackFile) -> None:
    rows = ran(14, by_day(10, 10), by_day(5, 10))
    assert judge(rows) == judge(rows[::-1], catalog=Catalog(load_catalog().machines[::-1]))
    assert judge(rows, stack_file=planned) == judge(rows)


def test_minutes_add_up_to_hours(judge: Judge) -> None:
    hourly = ran(14, by_day(10, 10), by_day(5, 10))
    finer: Rows = []
    for row in hourly:
        start = dt.datetime.fromisoformat(str(row["time"]))
        finer += [{**row, "time": (start + dt.timedelta(minutes=minute)).isoformat()} for minute in range(0, 60, 10)]
    assert judge(finer, catalog=bare()).advice == judge(hourly, catalog=bare()).advice


@pytest.mark.parametrize(
    ("cloud", "region", "law"),
    [("aws", "us-east-1", "US"), ("azure", "australiaeast", "AU"), ("gcp", "europe-west2", "UK"), ("gcp", "europe-west4", "EU")],
)
def test_jurisdictions(cloud: str, region: str, law: str) -> None:
    assert jurisdiction(replace(H100, cloud=Cloud(cloud), region=region)) == law
    assert jurisdiction(replace(H100, region="nowhere")) == ""


def test_the_plan_is_what_the_tests_say_it_is(plan: Plan) -> None:
    assert [hour.nodes for hour in plan.pools[0].hours] == [5] * 8 + [10] * 12 + [5] * 4
    assert plan.pools[0].offer.machine == "p5.4xlarge"
    assert plan.pools[0].node_capacity == CAPACITY
    assert plan.pools[0].hours[0].start == MONDAY
