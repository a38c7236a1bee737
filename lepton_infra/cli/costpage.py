"""A bill: as a person reads it, dearest first; as one document; and as an exit code."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from lepton_infra.catalog import dated, old
from lepton_infra.cli import render
from lepton_infra.cli.money import ENDS, dollars, parts_rounded, rounded, show_parts
from lepton_infra.config.words import counted, printable
from lepton_infra.cost import Billed, Item, Move, Range, Reason, Side, moves
from lepton_infra.cost.places import by_component, component
from lepton_infra.rules.subject import plain_type

if TYPE_CHECKING:
    from lepton_infra.cost import Cost, Difference

_SHOWN = 12
"""The dearest lines of a bill; the document has them all."""
_SHOWN_CHANGES = 40
_WORDS = {Reason.BY_USE: "by use", Reason.UNDECIDED: "undecided", Reason.NO_PRICE: "no price"}


def show(billed: Billed, difference: "Difference | None", against: str) -> None:
    """Print a bill, or what changed since another one."""
    cost = billed.cost
    name = billed.graph.stack or "graph"
    if difference is None:
        _show_sums(name, cost)
        _show_components(billed)
        _show_items(billed)
    else:
        _show_difference(name, difference, against)
    for line in _open_lines(cost):
        render.say(line)
    if difference is None and cost.items:
        render.say("prices used:")
        for line in _price_lines(cost, _today()):
            render.say(f"  {line}")


def exit_code(billed: Billed, difference: "Difference | None", fail_above: float | None, *, strict: bool) -> int:
    """Return 1 where a month as planned costs or adds more than is allowed, 3 where something has no price under `strict`, else 0."""
    usd = (difference.usd_per_month if difference else billed.cost.total).expected
    if fail_above is not None and usd > fail_above:
        return 1
    return 3 if strict and any(one.reason is not Reason.BY_USE for one in billed.cost.unpriced) else 0


def as_document(billed: Billed, difference: "Difference | None", against: str) -> dict[str, object]:
    """Return a bill for `--json`: US dollars and kilograms of CO2 equivalent per month of 730 hours."""
    cost, graph = billed.cost, billed.graph
    document: dict[str, object] = {
        "format": "lepton.cost/1",
        "project": graph.project,
        "stack": graph.stack,
        "usd_per_month": rounded(cost.total),
        "kg_co2e_per_month": rounded(cost.kg_co2e),
        "kg_co2e_unknown": [item.urn for item in cost.no_carbon],
        "by_part": parts_rounded(cost),
        "by_component": {name: rounded(usd) for name, usd in by_component(graph, cost).items()},
        "items": [_item(item, billed) for item in cost.items],
        "unpriced": [asdict(one) | {"names": list(one.names)} for one in cost.unpriced],
    }
    if difference is not None:
        document["against"] = _compared(difference, against)
    return document


def _compared(difference: "Difference", against: str) -> dict[str, object]:
    return {
        "what": against,
        "usd_per_month_before": rounded(difference.before),
        "usd_per_month_difference": rounded(difference.usd_per_month),
        "kg_co2e_per_month_difference": rounded(difference.kg_co2e),
        "changes": [
            {
                "change": row.change.value,
                "type": row.type,
                "name": row.name,
                "before": _side(row.before),
                "after": _side(row.after),
                "usd_per_month_difference": rounded(row.usd_per_month),
            }
            for row in difference.rows
        ],
    }


def _side(side: Side | None) -> object:
    if side is None:
        return None
    return {"usd_per_month": rounded(side.usd_per_month) if side.usd_per_month else None, "unpriced": list(side.open)}


def _item(item: Item, billed: Billed) -> dict[str, object]:
    found = asdict(item)
    found["type"] = billed.graph.by_urn[item.urn].type
    found["component"] = component(billed.graph, item.urn)
    found["old"] = old(item.as_of, _today())
    found["usd_per_month"] = rounded(item.usd_per_month)
    found["kg_co2e_per_month"] = rounded(item.kg_co2e_per_month) if item.kg_co2e_per_month else None
    return found


def _show_sums(name: str, cost: "Cost") -> None:
    render.say(f"{name}: {cost.total.expected:,.0f} $ a month of 730 hours as planned, at list prices")
    render.say("")
    show_parts("Dollars by part", cost)
    air = cost.kg_co2e
    render.say(f"CO2 equivalent of the machines: {air.expected:,.0f} kg a month as planned, {air.low:,.0f} to {air.high:,.0f}")
    if cost.no_carbon:
        render.say(f"  without {counted(len(cost.no_carbon), 'group')} of machines: nobody publishes their electricity or grid")
    render.say("")


def _show_components(billed: Billed) -> None:
    components = by_component(billed.graph, billed.cost)
    if len(components) <= _SHOWN:
        render.table("By component", ["component", *ENDS], [(printable(name), *dollars(usd)) for name, usd in components.items()])


def _show_items(billed: Billed) -> None:
    """Show the dearest lines, those that differ in nothing but the resource's name as one."""
    groups: dict[tuple[str, str], list[Item]] = {}
    for item in billed.cost.items:
        groups.setdefault((billed.graph.by_urn[item.urn].kind, item.basis), []).append(item)
    ranked = sorted(groups.items(), key=lambda group: (-sum(one.usd_per_month.expected for one in group[1]), group[0]))
    rows = [
        (_named(items, kind), f"{sum(one.usd_per_month.expected for one in items):,.0f}", basis) for (kind, basis), items in ranked[:_SHOWN]
    ]
    render.table("Dearest as planned", ["resource", render.number("$ a month"), "how"], rows)
    if len(ranked) > _SHOWN:
        rest = sum(one.usd_per_month.expected for _, items in ranked[_SHOWN:] for one in items)
        render.say(f"  and {counted(len(ranked) - _SHOWN, 'line')} more, {rest:,.0f} $ together; --json has them all")
        render.say("")


def _named(items: list[Item], kind: str) -> str:
    return printable(items[0].name) if len(items) == 1 else f"{len(items)} x {kind}"


def _show_difference(name: str, difference: "Difference", against: str) -> None:
    change, air = difference.usd_per_month, difference.kg_co2e
    render.say(f"{name} against {printable(against)}: {change.expected:+,.0f} $ a month as planned, at list prices")
    render.say("")
    found = moves(difference)
    if found:
        columns = ["", "resource", *map(render.number, ("before", "after", "difference", "at the most nodes"))]
        render.table("Dollars as planned", columns, [_moved(move) for move in found[:_SHOWN_CHANGES]])
    if len(found) > _SHOWN_CHANGES:
        left = found[_SHOWN_CHANGES:]
        rest = sum(move.usd_per_month.expected for move in left)
        resources = counted(sum(len(move.rows) for move in left), "resource")
        render.say(f"  and {resources} more, {rest:+,.0f} $ together; --json has them all")
    money = [(label, *dollars(usd)) for label, usd in (("before", difference.before), ("after", difference.after))]
    render.table("Dollars in all", ["together", *ENDS], money, ("difference", *_signed(change)))
    _, planned, most = _signed(air)
    render.say(f"CO2 equivalent of the machines: {planned} kg a month as planned, {most} at the most nodes")
    if not difference.rows:
        render.say("no resource that costs money changed")
    render.say("")


def _moved(move: Move) -> tuple[str, ...]:
    """Return what became of resources that cost money, those that changed alike in one row."""
    usd, priced = move.usd_per_month, move.before or move.after
    planned = f"{usd.expected:+,.2f}" if priced else ""
    most = f"{usd.high:+,.2f}" if priced and usd.high != usd.expected else ""
    sides = (_said(move.before, move.first.before), _said(move.after, move.first.after))
    return (move.first.change.value, printable(move.name), *sides, planned, most)


def _said(usd: Range | None, side: Side | None) -> str:
    if side is None:
        return "-"
    return f"{usd.expected:,.2f}" if usd else "not priced"


def _signed(usd: Range) -> tuple[str, str, str]:
    return f"{usd.low:+,.0f}", f"{usd.expected:+,.0f}", f"{usd.high:+,.0f}"


def _open_lines(cost: "Cost") -> Iterator[str]:
    """Yield what is not on the bill, by why."""
    for reason in Reason:
        those = [one for one in cost.unpriced if one.reason is reason]
        if those:
            yield f"not priced, {_WORDS[reason]}: {counted(len({urn for one in those for urn in one.urns}), 'resource')}"
        for one in those:
            named = f" ({', '.join(one.names[:3])}{', …' if one.count > len(one.names[:3]) else ''})"
            yield printable(f"  {one.count} x {plain_type(one.type)}{named}: {one.why}")


def _price_lines(cost: "Cost", today: dt.date) -> Iterator[str]:
    """Yield every source of prices with the days of them, old ones marked."""
    days: dict[str, set[dt.date]] = {}
    for item in cost.items:
        days.setdefault(item.source or "no source", set()).add(item.as_of)
    for where, found in sorted(days.items()):
        yield f"{where}: {', '.join(dated(day, today) for day in sorted(found))}"


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
