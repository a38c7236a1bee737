"""Billing exports: AWS's Cost and Usage Report (also 2.0) and FOCUS 1.x, the FinOps Foundation's open format.

Column names and what their values mean are those of AWS's data dictionary (docs.aws.amazon.com/cur) and of the FOCUS specification
(focus.finops.org). Of a whole bill only hours of machines that carry the pool's tag are read; the rest is counted and passed over.
"""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, cast

import numpy as np

from lepton_infra.errors import BadInput, Fault
from lepton_infra.sizing.advise.cells import Faults, Moments, numbers, plain_name
from lepton_infra.sizing.advise.ledger import BILLED, HOUR, Batch, Key, Ledger, Market
from lepton_infra.sizing.advise.native import MOST_NODES, MOST_USD
from lepton_infra.sizing.table import shown

CUR: Final = "line_item_usage_start_date"
"""Column by which a Cost and Usage Report is known."""
FOCUS: Final = "charge_period_start"
"""Column by which a FOCUS export is known."""
_DAY: Final = 24 * HOUR
_UNITS: Final = {"hrs": 1.0, "hr": 1.0, "hours": 1.0, "hour": 1.0, "1 hour": 1.0, "h": 1.0, "minutes": 1 / 60, "seconds": 1 / 3600}
_BOXES: Final = ("BoxUsage", "SpotUsage", "DedicatedUsage", "HostBoxUsage")
_CUR_TYPES: Final = {
    "Usage": "line_item_unblended_cost",
    "DiscountedUsage": "reservation_effective_cost",
    "SavingsPlanCoveredUsage": "savings_plan_savings_plan_effective_cost",
}
"""Line items that are time of a machine, and the column of what it really cost: of a covered hour the unblended cost is not that."""


@dataclass(slots=True)
class Passed:
    """What was passed over."""

    rows: dict[str, int] = field(default_factory=dict[str, int])
    """Rows by reason."""

    def over(self, reason: str) -> None:
        """Count a row."""
        self.rows[reason] = self.rows.get(reason, 0) + 1


@dataclass(frozen=True, slots=True)
class _Line:
    """A row of a bill that is time of a machine."""

    start: str
    end: str
    pool: str
    machine: str
    region: str
    market: Market
    amount: str
    hours_per_unit: float
    usd: str


class BillingRows:
    """Reads rows of one bill into a ledger."""

    def __init__(self, header: Sequence[str], pools: Collection[str], tag: str, ledger: Ledger, faults: Faults) -> None:
        """Find the columns.

        Raises:
            BadInput: one that is needed is missing.
        """
        self._places = {name: place for place, name in reversed(list(enumerate(map(plain_name, header))))}
        self._line: Callable[[Callable[[str], str], int], _Line | str] = self._focus if FOCUS in self._places else self._cur
        _check(self._places, FOCUS if FOCUS in self._places else CUR, plain_name(tag), faults.name)
        self._pools, self._tag, self._ledger, self._faults = frozenset(pools), plain_name(tag), ledger, faults
        self._moments = Moments()
        self._count = 0
        self.passed = Passed()

    def take(self, rows: Sequence[Sequence[str]], lines: Sequence[int]) -> None:
        """Read rows; what is wrong with them becomes faults."""
        kept: list[_Line] = []
        at: list[int] = []
        for row, line in zip(rows, lines, strict=True):
            found = self._line(lambda name, row=row: row[self._places[name]].strip() if name in self._places else "", line)
            if isinstance(found, str):
                self.passed.over(found)
                continue
            kept.append(found)
            at.append(line)
            self._ledger.rows.append(hash(tuple(row)))
        self._count += len(kept)
        if kept:
            self._add(kept, at)

    def finish(self) -> None:
        """Note a bill in which nothing was found."""
        if not self._count:
            why = ", ".join(f"{count:,} {reason}" for reason, count in self.passed.rows.items()) or "it has no rows"
            self._faults.add(0, f"has no hour of a machine with the tag {self._tag!r} ({why})", "rows of this stack's pools", "Say the tag")

    def _add(self, kept: Sequence[_Line], at: Sequence[int]) -> None:
        start = self._moments.column([one.start for one in kept], at, self._faults)
        end = self._moments.column([one.end for one in kept], at, self._faults)
        lasts = np.nan_to_num(end - start, nan=1.0)
        for place in np.flatnonzero((lasts <= 0) | (lasts > _DAY)).tolist():
            given = f"is about {lasts[place] / HOUR:,.4g} hours"
            self._faults.add(at[place], given, "an hour or a day", "Export it by the hour")
        amount = numbers([one.amount for one in kept], at, "amount", MOST_NODES * 24, self._faults)
        usd = numbers([one.usd for one in kept], at, "cost", MOST_USD, self._faults)
        seconds = np.clip(lasts, 1, _DAY).astype(np.int64)
        hours = amount * np.asarray([one.hours_per_unit for one in kept])
        codes = [self._ledger.code(Key(one.pool, one.machine, one.region or None, one.market)) for one in kept]
        unknown = np.full(len(kept), np.nan)
        whole = np.nan_to_num(start).astype(np.int64)
        batch = Batch(np.asarray(codes, dtype=np.int64), whole, seconds, hours * HOUR / seconds, unknown, usd, unknown)
        self._ledger.add(batch, BILLED)

    def _pool(self, named: str) -> str:
        """Return the reason to pass a row over, or nothing."""
        return "" if named in self._pools else f"of other pools (tag {self._tag!r})" if named else f"without the tag {self._tag!r}"

    def _cur(self, cell: Callable[[str], str], line: int) -> _Line | str:
        kind, usage = cell("line_item_line_item_type"), cell("line_item_usage_type")
        if kind not in _CUR_TYPES:
            return "that are no usage (fees, taxes, credits)"
        if not any(box in usage for box in _BOXES) or cell("pricing_unit").casefold() not in {"", *_UNITS}:
            return "that are no time of a machine"
        pool = cell(f"resource_tags_user_{self._tag}") or _tagged(cell("resource_tags"), self._tag)
        if other := self._pool(pool):
            return other
        if (currency := cell("line_item_currency_code")) not in {"", "USD"}:
            self._faults.add(line, f"is in {shown(currency)}", "USD")
        market: Market = "spot" if "SpotUsage" in usage else "on-demand" if kind == "Usage" else "committed"
        machine = cell("product_instance_type") or usage.partition(":")[2]
        region = cell("product_region_code") or cell("product_region") or cell("line_item_availability_zone").rstrip("abcdefgh")
        amount, usd = cell("line_item_usage_amount"), cell(_CUR_TYPES[kind])
        unit = _UNITS[cell("pricing_unit").casefold() or "hrs"]
        return _Line(cell(CUR), cell("line_item_usage_end_date"), pool, machine, region, market, amount, unit, usd)

    def _focus(self, cell: Callable[[str], str], line: int) -> _Line | str:
        if cell("charge_category") not in {"", "Usage"} or cell("charge_class") == "Correction":
            return "that are no usage (purchases, taxes, credits, corrections)"
        if cell("commitment_discount_status") == "Unused":
            return "of commitments that were not used"
        machine = _detail(cell("sku_price_details"), "InstanceType") or _detail(cell("x_sku_details"), "ServiceType")
        machine = machine or (cell("x_usage_type").partition(":")[2] if any(box in cell("x_usage_type") for box in _BOXES) else "")
        unit = cell("consumed_unit").casefold()
        if not machine or unit not in _UNITS:
            return "that are no time of a machine"
        pool = _tagged(cell("tags"), self._tag)
        if other := self._pool(pool):
            return other
        if (currency := cell("billing_currency")) not in {"", "USD"}:
            self._faults.add(line, f"is in {shown(currency)}", "USD")
        category = cell("pricing_category")
        covered = category == "Committed" or cell("commitment_discount_status") == "Used"
        market: Market = "spot" if category == "Dynamic" else "committed" if covered else "on-demand"
        usd = cell("effective_cost") or cell("billed_cost")
        amount = cell("consumed_quantity")
        return _Line(cell(FOCUS), cell("charge_period_end"), pool, machine, cell("region_id"), market, amount, _UNITS[unit], usd)


def _check(places: dict[str, int], form: str, tag: str, name: str) -> None:
    needed = {
        CUR: ("line_item_usage_end_date", "line_item_line_item_type", "line_item_usage_type", "line_item_usage_amount"),
        FOCUS: ("charge_period_end", "consumed_quantity", "consumed_unit", "tags"),
    }[form]
    missing = [one for one in needed if one not in places]
    faults = [Fault(f"{name}:1", f"has no column {one}", "the columns of docs/usage-records.md", "Export it too") for one in missing]
    if form == CUR and not {f"resource_tags_user_{tag}", "resource_tags"} & set(places):
        faults.append(
            Fault(f"{name}:1", f"has no column resource_tags_user_{tag}", "the tag that says the pool", "Activate it for billing")
        )
    if faults:
        raise BadInput(faults)


def _tagged(text: str, tag: str) -> str:
    """Return the tag's value in a map written as JSON, whatever the cloud puts before its name."""
    tags = _object(text)
    return next((value for name, value in tags.items() if plain_name(name) in {tag, f"user_{tag}"}), "")


def _detail(text: str, name: str) -> str:
    return _object(text).get(name, "")


@lru_cache(maxsize=4096)
def _object(text: str) -> dict[str, str]:
    try:
        found: object = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return {str(key): str(value) for key, value in cast("dict[object, object]", found).items()} if isinstance(found, dict) else {}
