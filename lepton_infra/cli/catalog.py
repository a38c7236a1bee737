"""`lepton catalog`: what can be bought, cheapest first."""

from typing import Annotated

import typer


def catalog(
    query: Annotated[str, typer.Argument(help="'8x H100', 'L40S', or a pattern of machine names such as 'p5.*'.")],
    region: Annotated[str, typer.Option(help="Pattern of the region's name, such as 'us-*'.")] = "*",
    cloud: Annotated[str, typer.Option(help="aws, azure or gcp.")] = "",
    spot: Annotated[bool, typer.Option("--spot", help="Only what is sold as spot, by spot price.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Rows to show.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List machines with a GPU, cheapest per GPU-hour first, each price with its date.

    Example: lepton catalog "8x H100" --region us-*
    """
    import datetime as dt

    from lepton_infra.catalog.search import find, offer_row
    from lepton_infra.cli import render

    found = find(query, region, cloud, spot=spot)
    today = dt.datetime.now(dt.UTC).date()
    rows = [offer_row(machine, today, spot=spot) for machine in found.machines[:limit]]
    for remark in found.remarks:
        render.note(remark)
    if as_json:
        render.document({"query": query, "count": len(found.machines), "offers": rows})
        return
    marks = {"old": "old price", "derived": "estimate", "no-discount": "no discount"}
    shown = [
        (
            row["cloud"],
            row["region"],
            row["machine"],
            f"{row['gpus']:g}x {row['gpu']}" if row["gpu"] else "",
            "" if row["usd_per_gpu_hour"] is None else f"{row['usd_per_gpu_hour']:.3f}",
            f"{row['usd_per_hour']:.3f}",
            row["price_date"],
            "; ".join([*(marks.get(mark, mark) for mark in row["marks"])]),
        )
        for row in rows
    ]
    price = "spot $" if spot else "$"
    columns = [
        *map(render.Column, ("cloud", "region", "machine", "GPUs")),
        *map(render.number, (f"{price}/GPU-h", f"{price}/h")),
        "as of",
        "",
    ]
    rest = len(found.machines) - len(rows)
    render.table(f"{query}: {len(found.machines)} offers" + (f", the cheapest {len(rows)}" if rest else ""), columns, shown)
