"""`lepton catalog`: what can be bought, cheapest first, and the refreshing of its prices."""

from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from typer.core import TyperGroup

from lepton_infra.cli.refresh import refresh

if TYPE_CHECKING:
    import datetime as dt

    from lepton_infra.catalog.search import OfferRow


class _Extra(NamedTuple):
    """Columns that are shown when asked for."""

    spot: bool
    carbon: bool
    fabric: bool
    zones: bool


_MARKS = {"old": "old price", "derived": "estimate", "no-discount": "no discount"}


class _QuestionFirst(TyperGroup):
    """Takes whatever is no command for a question, so that `lepton catalog "8x H100"` needs no word in between."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # pyright: ignore[reportIncompatibleMethodOverride] (typer's context is click's)
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["find", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="catalog",
    cls=_QuestionFirst,
    help='List machines by price, each with its date: `lepton catalog "8x H100"`; or refresh the prices.',
    epilog='`lepton catalog "8x H100"` is short for `lepton catalog find "8x H100"`.',
)


@app.command("find")
def catalog(
    query: Annotated[
        str, typer.Argument(help="'8x H100', 'L40S', a class (gpu, tpu, trainium, inferentia, fpga, cpu) or a pattern like 'p5.*'.")
    ],
    *,
    region: Annotated[str, typer.Option(help="Pattern of the region's name, such as 'us-*'.")] = "*",
    cloud: Annotated[str, typer.Option(help="aws, azure or gcp.")] = "",
    spot: Annotated[bool, typer.Option("--spot", help="Only what is sold as spot, by spot price.")] = False,
    fabric: Annotated[str, typer.Option(help="Only with this network between machines: EFA, InfiniBand, GPUDirect-TCPX or -TCPXO.")] = "",
    residency: Annotated[str, typer.Option(help="Only where data stays within an area (EU, EEA, UK, US, ...) or a country (DE).")] = "",
    carbon: Annotated[bool, typer.Option("--carbon", help="Show the grams of CO2e per kWh of the region's grid, and per hour.")] = False,
    zones: Annotated[bool, typer.Option("--zones", help="Show the country and the availability zones of each offer.")] = False,
    bands: Annotated[bool, typer.Option("--bands", help="Show AWS's spot advice in every region instead of prices.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Rows to show.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List machines, cheapest per accelerator-hour first (or per hour without), each price with its date.

    Example: lepton catalog "8x H100" --region us-*
    """
    import datetime as dt

    from lepton_infra.catalog import load_catalog
    from lepton_infra.catalog.search import Where, find, offer_row
    from lepton_infra.cli import render

    today = dt.datetime.now(dt.UTC).date()
    if bands:
        _bands(query, region, limit, today, as_json=as_json)
        return
    book = load_catalog()
    found = find(query, Where(region, cloud, spot, fabric, residency), book)
    rows = [offer_row(machine, today, spot=spot, catalog=book) for machine in found.machines[:limit]]
    for remark in [*found.remarks, *(f"{name}: prices read from its feed on {day}." for name, day in sorted(book.refreshed.items()))]:
        render.note(remark)
    if as_json:
        render.document({"query": query, "count": len(found.machines), "offers": rows})
        return
    rest = len(found.machines) - len(rows)
    title = f"{query}: {len(found.machines)} offers" + (f", the cheapest {len(rows)}" if rest else "")
    _show(title, rows, _Extra(spot, carbon, bool(fabric), zones or bool(residency)))


def _show(title: str, rows: "list[OfferRow]", extra: _Extra) -> None:
    """Print offers; columns that say nothing of any of them are left out."""
    from lepton_infra.catalog.book import OLD_AFTER_DAYS
    from lepton_infra.cli import render

    price = "spot $" if extra.spot else "$"
    columns: list[tuple[render.Column, list[str]]] = [
        (render.Column("cloud"), [row["cloud"] for row in rows]),
        (render.Column("region"), [row["region"] for row in rows]),
        (render.Column("machine"), [row["machine"] for row in rows]),
        (render.Column("GPUs"), [f"{row['gpus']:g}x {row['gpu']}" if row["gpu"] else "" for row in rows]),
        (render.number(f"{price}/GPU-h"), ["" if row["usd_per_gpu_hour"] is None else f"{row['usd_per_gpu_hour']:.3f}" for row in rows]),
        (render.number(f"{price}/h"), [f"{row['usd_per_hour']:.3f}" for row in rows]),
        (render.Column("as of"), [row["price_date"] for row in rows]),
    ]
    if extra.spot:
        columns.append((render.Column("taken back"), [row["interruption"] or "" for row in rows]))
    if extra.fabric:
        columns.append((render.Column("fabric"), [f"{row['fabric']} {row['fabric_gbps']} Gb/s" if row["fabric"] else "" for row in rows]))
    if any(row["commitments"] for row in rows):
        columns += [(render.number(f"{years} y $/h"), [_committed(row, years) for row in rows]) for years in (1, 3)]
    if extra.zones:
        columns += [
            (render.Column("country"), [row["country"] or "" for row in rows]),
            (render.Column("zones"), [_zones(row) for row in rows]),
        ]
    if extra.carbon:
        columns.append((render.number("g CO2e/kWh"), [_grams(row) for row in rows]))
        columns.append((render.number("g CO2e/h"), [_number(row["grams_co2e_per_hour"]) for row in rows]))
    columns.append((render.Column(""), ["; ".join(_MARKS.get(mark, mark) for mark in row["marks"]) for row in rows]))
    render.table(title, [column for column, _ in columns], list(zip(*(cells for _, cells in columns), strict=True)))
    if any(one["derived"] for row in rows for one in row["commitments"]):
        render.note("~ follows from a discount published for the family, not from a published price.")
    if any(one["old"] for row in rows for one in row["commitments"]):
        render.note(f"old: the commitment's price or discount is more than {OLD_AFTER_DAYS} days old.")


def _committed(row: "OfferRow", years: int) -> str:
    """Return the lowest price of so many years, nothing up front, marked where it is derived."""
    lowest = min((one for one in row["commitments"] if one["years"] == years), key=lambda one: one["usd_per_hour"], default=None)
    if lowest is None:
        return ""
    return f"{'~' if lowest['derived'] else ''}{lowest['usd_per_hour']:.3f}{' old' if lowest['old'] else ''}"


def _grams(row: "OfferRow") -> str:
    grams = row["grams_co2e_per_kwh"]
    return "" if grams is None else f"{grams:.0f} ({row['carbon_year']})"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _zones(row: "OfferRow") -> str:
    """Return the zones that offer the machine (`b c`), how many there are at most where that is not known, or `none`."""
    if row["zones"] is None:
        return ""
    if not row["zones"]:
        return "none"
    if row["zones_of"] == "region":
        return f"up to {len(row['zones'])}"
    return " ".join(name.rpartition("-")[2] for name in row["zones"])


def _bands(query: str, region: str, limit: int, today: "dt.date", *, as_json: bool) -> None:
    """Print what AWS's spot advisor said, where the catalogue has no price too."""
    from lepton_infra.catalog import dated, load_catalog
    from lepton_infra.catalog.search import advice
    from lepton_infra.cli import render

    found, book = advice(query, region), load_catalog()
    priced = [book.machine("aws", one.machine, one.region) is not None for one in found]
    if as_json:
        rows = [
            {
                "region": one.region,
                "machine": one.machine,
                "saving_percent": one.saving_percent,
                "interruption": one.interruption.value,
                "as_of": one.as_of.isoformat(),
                "price_known": known,
            }
            for one, known in zip(found[:limit], priced, strict=False)
        ]
        render.document({"query": query, "count": len(found), "advice": rows})
        return
    shown = [
        (
            one.region,
            one.machine,
            one.interruption.value,
            f"{one.saving_percent} %",
            dated(one.as_of, today),
            "" if known else "no price known",
        )
        for one, known in zip(found[:limit], priced, strict=False)
    ]
    columns = [render.Column("region"), "machine", "taken back", render.number("saving"), "as of", ""]
    title = f"{query}: AWS's spot advice, {len(found)} pairs of region and machine"
    render.table(title + (f", the steadiest {len(shown)}" if len(found) > len(shown) else ""), columns, shown)


app.command("refresh")(refresh)
