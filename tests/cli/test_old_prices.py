"""A price older than the limit is marked in plan output and in the bill, machine or service; a fresh one is not."""

import datetime as dt
from pathlib import Path

import pytest

from lepton_infra.cli import plan, reports
from lepton_infra.cost import Cost, Item, Part, Range
from lepton_infra.sizing.lock import load_plan

SHIPPED = Path(__file__).resolve().parents[2] / "stacks" / "plans" / "serve-aws.json"
TODAY = dt.datetime.now(dt.UTC).date()
CASES = [(TODAY - dt.timedelta(days=10), False), (TODAY - dt.timedelta(days=180), False), (TODAY - dt.timedelta(days=200), True)]


@pytest.mark.parametrize(("day", "marked"), CASES)
def test_the_plan_marks_the_price_of_its_machine(day: dt.date, *, marked: bool, capsys: pytest.CaptureFixture[str]) -> None:
    pool = load_plan(SHIPPED).pools[0]

    plan._show(pool.model_copy(update={"offer": pool.offer.model_copy(update={"price_date": day})}))

    first = capsys.readouterr().out.splitlines()[0]
    assert f"$/h as of {day}" in first
    assert first.endswith(", old price") is marked


@pytest.mark.parametrize(("day", "marked"), CASES)
def test_the_bill_names_what_it_priced_with_an_old_price(day: dt.date, *, marked: bool, capsys: pytest.CaptureFixture[str]) -> None:
    item = Item("urn:x", "control", Part.CONTROL_PLANE, Range.always(73.0), f"0.10 $ an hour ({day})", day)

    reports._show_cost(Cost((item,), ()))

    assert (f"old price: control, 0.10 $ an hour ({day})" in capsys.readouterr().out) is marked
