"""The frontier as a page of its own: node-hours against violated windows, drawn as SVG without any script."""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lepton_infra.config.files import write_aside
from lepton_infra.errors import BadInput, Fault

if TYPE_CHECKING:
    from lepton_infra.sizing.backtest import Backtest, Question

_WIDTH: Final = 860
_HEIGHT: Final = 460
_LEFT: Final = 60
_RIGHT: Final = 190
_TOP: Final = 34
_BOTTOM: Final = 50
_LEAST_SHORT: Final = 0.1
_MOST_OVER: Final = 2.5
_LEAST_OVER: Final = 1.2
_TICKS: Final = 5
_COLOURS: Final = (
    "#0b6e4f",
    "#c1121f",
    "#3a5a98",
    "#b5730f",
    "#7b4fa3",
    "#00838f",
    "#8d6e63",
    "#5d6d7e",
    "#c2185b",
    "#9e9d24",
    "#263238",
    "#6d9c2f",
)
_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse}td,th{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #ddd}"
    "td:first-child,th:first-child,td:nth-last-child(-n+2),th:nth-last-child(-n+2){text-align:left}svg{width:100%;height:auto}"
    "svg text{font-size:12px;fill:#333}"
)


def write(path: Path, content: str | bytes) -> None:
    """Write the page or the picture, whole or not at all.

    Raises:
        BadInput: the place cannot be written to.
    """
    try:
        write_aside(path, content)
    except OSError as error:
        raise BadInput(Fault(str(path), f"cannot be written ({error.strerror})", "a file in a directory of yours")) from error


def edges(question: "Question", found: "Backtest") -> tuple[float, float]:
    """Return the largest node-hours and shares of windows short that are shown."""
    most_over = min(max(row.node_hours_over_oracle for row in found.rows) * 1.05, _MOST_OVER)
    return max(most_over, _LEAST_OVER), max(_LEAST_SHORT, 2 * question.violations)


def colours(found: "Backtest") -> dict[str, str]:
    """Return a colour for each policy."""
    return {row.policy: _COLOURS[place % len(_COLOURS)] for place, row in enumerate(found.rows)}


def page(name: str, question: "Question", found: "Backtest") -> str:
    """Return the page: one HTML document that loads nothing."""
    title = escape(f"Backtest of {name}")
    asked = (
        f"{question.capacity:g} a node, {question.lead_minutes:g} minutes of lead time, the last {question.test_days} days "
        f"({found.windows:,} windows judged, {found.gaps:,} gaps left out), {question.violations:.3g} of windows may be short."
    )
    reading = (
        "A dot is a policy as it was fixed before the test days. A line is what it could have reached there had its level been known: "
        "lower left is better. What lies beyond the edge is drawn at it."
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style></head>\n'
        f"<body><h1>{title}</h1>\n<p>{escape(asked)}</p>\n{_drawing(question, found)}\n<p>{escape(reading)}</p>\n{_table(found)}\n"
        "</body></html>\n"
    )


def _drawing(question: "Question", found: "Backtest") -> str:
    most_over, most_short = edges(question, found)
    hues = colours(found)

    def spot(over: float, short: float) -> tuple[float, float]:
        across = (min(max(over, 1.0), most_over) - 1) / (most_over - 1)
        up = min(short, most_short) / most_short
        return _LEFT + across * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM)

    parts = [*_axes(most_over, most_short)]
    allowed = spot(1, question.violations)[1]
    parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{allowed:.1f}" y2="{allowed:.1f}" stroke="#999" stroke-dasharray="4 4"/>')
    for curve in found.curves:
        points = " ".join("{:.1f},{:.1f}".format(*spot(*point)) for point in sorted(curve.points))
        parts.append(f'<polyline fill="none" stroke="{hues[curve.name]}" stroke-opacity="0.5" points="{points}"/>')
    for place, row in enumerate(found.rows):
        x, y = spot(row.node_hours_over_oracle, row.violated_share)
        said = escape(f"{row.policy}: {row.node_hours_over_oracle:.3f} x oracle, {row.violated_share:.2%} short")
        colour, line = hues[row.policy], _TOP + 14 + 18 * place
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"><title>{said}</title></circle>')
        parts.append(f'<circle cx="{_WIDTH - _RIGHT + 20}" cy="{line - 4}" r="5" fill="{colour}"/>')
        parts.append(f'<text x="{_WIDTH - _RIGHT + 32}" y="{line}">{escape(row.policy)}</text>')
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="Frontier">{"".join(parts)}</svg>'


def _axes(most_over: float, most_short: float) -> Iterator[str]:
    right, foot = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    yield f'<path d="M{_LEFT} {_TOP}V{foot}H{right}" fill="none" stroke="#333"/>'
    for tick in range(_TICKS + 1):
        x, y = _LEFT + (right - _LEFT) * tick / _TICKS, foot - (foot - _TOP) * tick / _TICKS
        yield f'<text x="{x:.1f}" y="{foot + 18}" text-anchor="middle">{1 + (most_over - 1) * tick / _TICKS:.2f}</text>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{most_short * tick / _TICKS:.1%}</text>'
    yield f'<text x="{(_LEFT + right) / 2}" y="{_HEIGHT - 10}" text-anchor="middle">node-hours over the oracle&#8217;s</text>'
    yield f'<text x="{_LEFT}" y="{_TOP - 14}" text-anchor="middle">windows short</text>'


def _table(found: "Backtest") -> str:
    heads = ("policy", "x oracle", "windows short", "within p95", "unserved", "forecaster", "level")
    rows = [
        (
            row.policy,
            f"{row.node_hours_over_oracle:.3f}",
            f"{row.violated_share:.2%}",
            "" if row.coverage_95 is None else f"{row.coverage_95:.1%}",
            f"{row.unserved_share:.2%}",
            row.forecaster or "",
            row.level,
        )
        for row in found.rows
    ]
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"<table><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>\n{body}</table>"
