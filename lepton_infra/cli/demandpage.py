"""A series as one page: drawn with inline SVG, no script, nothing from the network, readable on a phone."""

from collections.abc import Iterator, Sequence
from html import escape
from math import isnan
from typing import TYPE_CHECKING

from lepton_infra.cli.chart import Bin, bins
from lepton_infra.cli.demandwords import facts, figure
from lepton_infra.sizing.table import printable
from lepton_infra.sizing.units import UNIT_NAMES

if TYPE_CHECKING:
    from lepton_infra.sizing.describe import DayOf, Description
    from lepton_infra.sizing.record import Tenant

_BINS = 1000
_HIGH = 300
_DAYS = 60
_TENANTS = 100
_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --pale: #5b6675; --paper: #fff; --line: #d6dce4;
  --blue: #2563a8; --band: #2563a833; --gap: #d9770633 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6eaf0; --pale: #9aa6b5; --paper: #14181e; --line: #333c48;
    --blue: #6aa9ea; --band: #6aa9ea33; --gap: #f59e0b33 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
h1 { font-size: 1.3rem; overflow-wrap: anywhere; margin: .5rem 0 } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
p, figcaption { color: var(--pale); margin: .2rem 0 } figure { margin: 1rem 0 }
svg { display: block; width: 100%; height: 14rem; border-bottom: 1px solid var(--line); background: var(--paper) }
.ends { display: flex; justify-content: space-between; gap: 1rem; color: var(--pale); font-size: .85rem }
dl { display: grid; grid-template-columns: minmax(6.5rem, max-content) 1fr; gap: .3rem 1rem; margin: 0 }
dt { color: var(--pale) } dd { margin: 0; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .9rem }
th, td { padding: .25rem .4rem; border-bottom: 1px solid var(--line); text-align: right }
th:first-child, td:first-child { text-align: left }
td:first-child { overflow-wrap: anywhere } .days td:first-child { white-space: nowrap }
th { color: var(--pale); font-weight: 500 } .bar { width: 22% }
.bar i { display: block; height: .8rem; background: var(--blue); border-radius: 2px }
.key { display: inline-block; width: .8rem; height: .8rem; border-radius: 2px; vertical-align: -1px }
"""


def page(name: str, found: "Description", values: Sequence[float]) -> str:
    """Return the page as one HTML document.

    Args:
        name: the file's name.
        found: the series' figures.
        values: the series, NaN for gaps.
    """
    title = escape(printable(name))
    said = "".join(f"<dt>{escape(word)}</dt><dd>{escape(text)}</dd>" for word, text in facts(found))
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}: demand</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        f"<p>{escape(found.form)}, in {escape(UNIT_NAMES[found.unit])}</p>\n{_figure(found, bins(values, _BINS))}\n"
        f"<dl>{said}</dl>\n{_days(found.days)}{_tenants(found.tenants)}</body>\n</html>\n"
    )


def _figure(found: "Description", drawn: Sequence[Bin]) -> str:
    top = found.peak or 1.0
    gaps = "".join(f'<rect x="{place}" width="1" y="0" height="{_HIGH}" fill="var(--gap)"/>' for place in _gaps(drawn))
    bands, lines = "", ""
    for first, run in _runs(drawn):
        upper = [f"{first + place + 0.5:g},{_y(each.high, top)}" for place, each in enumerate(run)]
        lower = [f"{first + place + 0.5:g},{_y(each.low, top)}" for place, each in enumerate(run)]
        bands += f'<polygon points="{" ".join([*upper, *reversed(lower)])}" fill="var(--band)"/>'
        middle = " ".join(f"{first + place + 0.5:g},{_y(each.mean, top)}" for place, each in enumerate(run))
        # A round cap of no length is a dot: a stretch of one column is seen as well.
        lines += f'<path d="M{middle.replace(" ", " L")} h0.01" fill="none" stroke="var(--blue)" stroke-width="1.5" '
        lines += 'stroke-linecap="round" stroke-linejoin="round" vector-effect="non-scaling-stroke"/>'
    legend = "The line is the mean of each stretch, the band its least and most."
    if gaps:
        legend += ' <span class="key" style="background:var(--gap)"></span> holds gaps.'
    return (
        f'<figure><div class="ends"><span>{escape(figure(found.peak))} {escape(UNIT_NAMES[found.unit])}</span></div>'
        f'<svg viewBox="0 0 {max(len(drawn), 1)} {_HIGH}" preserveAspectRatio="none" role="img" aria-label="Demand over time, from zero to '
        f'{escape(figure(found.peak))}">{gaps}{bands}{lines}</svg>'
        f'<div class="ends"><span>{found.start:%Y-%m-%d %H:%M}</span><span>{found.end:%Y-%m-%d %H:%M} UTC</span></div>'
        f"<figcaption>{legend}</figcaption></figure>"
    )


def _gaps(drawn: Sequence[Bin]) -> Iterator[int]:
    yield from (place for place, each in enumerate(drawn) if each.recorded < 1)


def _runs(drawn: Sequence[Bin]) -> Iterator[tuple[int, list[Bin]]]:
    """Yield stretches without a whole gap between them, each with the place of its first column."""
    run: list[Bin] = []
    for place, each in enumerate(drawn):
        if not isnan(each.mean):
            run.append(each)
        elif run:
            yield place - len(run), run
            run = []
    if run:
        yield len(drawn) - len(run), run


def _y(value: float, top: float) -> str:
    return f"{(1 - value / top) * (_HIGH - 4) + 2:.1f}"


def _days(days: Sequence["DayOf"]) -> str:
    last = days[-_DAYS:]
    top = max((day.mean or 0.0 for day in last), default=0.0) or 1.0
    title = f"The last {len(last)} of {len(days)} days" if len(days) > len(last) else "Day by day"
    rows = "".join(
        f"<tr><td>{day.date:%a %d %b}</td><td>{figure(day.mean)}</td><td>{figure(day.peak)}</td><td>{day.recorded:.0%}</td>"
        f'<td class="bar"><i style="width:{(day.mean or 0.0) / top:.1%}"></i></td></tr>'
        for day in last
    )
    return (
        f'<h2>{title}</h2>\n<table class="days"><tr><th>UTC</th><th>mean</th><th>peak</th><th>recorded</th><th></th></tr>{rows}</table>\n'
    )


def _tenants(tenants: Sequence["Tenant"]) -> str:
    if not tenants:
        return ""
    whole = sum(tenant.mean for tenant in tenants) or 1.0
    largest = sorted(tenants, key=lambda tenant: -tenant.mean)[:_TENANTS]
    title = f"The largest {len(largest)} of {len(tenants)} tenants" if len(tenants) > len(largest) else "Tenants"
    rows = "".join(
        f"<tr><td>{escape(one.name)}</td><td>{figure(one.mean)}</td><td>{figure(one.peak)}</td><td>{one.gaps:,}</td>"
        f'<td class="bar"><i style="width:{one.mean / whole:.1%}"></i></td></tr>'
        for one in largest
    )
    return f"<h2>{title}</h2>\n<table><tr><th>tenant</th><th>mean</th><th>peak</th><th>gaps</th><th>share</th></tr>{rows}</table>\n"
