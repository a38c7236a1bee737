"""The fleet of a plan, as a person reads it: what runs where, hour by hour, what each limit costs, and what stands beside it."""

from typing import TYPE_CHECKING

from lepton_infra.cli import render

if TYPE_CHECKING:
    from lepton_infra.sizing.fleetplan import FleetPlan


def show_fleet(fleet: "FleetPlan") -> None:
    """Print the fleet."""
    spread = f"{fleet.spot_share:.0%} of the dollars on spot"
    carbon = "" if fleet.kg_co2e_per_month is None else f", {fleet.kg_co2e_per_month:,.0f} kg CO2e"
    render.say(f"fleet: {fleet.usd_per_day + fleet.start_usd_per_day:,.2f} $ a day, {fleet.usd_per_month:,.0f} $ a month{carbon}; {spread}")
    for sentence in fleet.why:
        render.say(f"  {sentence}")
    for doubt in fleet.warnings:
        render.note(f"warning: fleet: {doubt}")
    render.say("")
    _uses(fleet)
    _hours(fleet)
    _limits(fleet)
    _rivals(fleet)
    for part in fleet.builds:
        market = "spot" if part.spot else "on demand"
        render.say(f"  Built here for {part.pool}: {part.name}, {part.machine} {market}, {part.min_nodes} to {part.max_nodes} nodes.")
    render.say("")


def _uses(fleet: "FleetPlan") -> None:
    rows = [
        (
            use.pool,
            f"{use.cloud} {use.region}" + ("" if use.here else " *"),
            use.machine,
            use.market,
            f"{use.usd_per_hour:,.2f}",
            f"{min(use.nodes)} to {max(use.nodes)}",
            sum(use.nodes),
            f"{sum(use.nodes) * use.usd_per_hour:,.2f}",
        )
        for use in fleet.uses
    ]
    columns = ["pool", "where", "machine", "market", *map(render.number, ("$/h", "nodes", "node-hours", "$ a day"))]
    foot = ("together", "", "", "", "", "", sum(sum(use.nodes) for use in fleet.uses), f"{fleet.usd_per_day:,.2f}")
    render.table("Fleet: what is used (* is for other stacks to build)", columns, rows, foot)


def _hours(fleet: "FleetPlan") -> None:
    rows = [
        (
            f"{hour.start:%a %H:%M}",
            hour.nodes,
            f"{hour.usd:,.2f}",
            ", ".join(f"{name} {share:.1%}" for name, share in hour.unserved.items()),
            ", ".join(name.removeprefix("fleet.") for name in hour.binding),
        )
        for hour in fleet.hours
    ]
    columns = ["UTC", render.number("nodes"), render.number("$"), "unserved", "binds"]
    render.table("Fleet by the hour", columns, rows)


def _limits(fleet: "FleetPlan") -> None:
    rows = [(one.limit, one.binding_hours, f"{one.usd_per_day:,.2f}", f"{one.share:.1%}", f"{one.served:.1%}") for one in fleet.limits]
    if rows:
        titles = ("hours", "$ a day", "costs", "would serve more")
        render.table("What each limit costs", ["limit", *map(render.number, titles)], rows)


def _rivals(fleet: "FleetPlan") -> None:
    own = fleet.usd_per_day + fleet.start_usd_per_day
    rows = [("this fleet", f"{own:,.2f}", "", _shares(fleet.unserved), "")]
    rows += [
        (
            one.name,
            f"{one.usd_per_day:,.2f}",
            f"{one.usd_per_day / own - 1:+.1%}" if own else "",
            _shares(one.unserved),
            ", ".join(one.breaks),
        )
        for one in fleet.rivals
    ]
    render.table("Other fleets", ["fleet", render.number("$ a day"), render.number("more"), "unserved", "breaks"], rows)


def _shares(unserved: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:.1%}" for name, share in unserved.items())
