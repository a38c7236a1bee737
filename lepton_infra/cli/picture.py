# matplotlib passes keyword arguments on without types, so its methods are typed in part alone.
# pyright: reportUnknownMemberType=false
"""The frontier as a picture. The one file that knows matplotlib, which is an extra."""

from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING

from lepton_infra.cli.frontier import colours, edges
from lepton_infra.errors import BadInput, Fault

if TYPE_CHECKING:
    from lepton_infra.sizing.backtest import Backtest, Question


def check() -> None:
    """Make sure that pictures can be drawn.

    Raises:
        BadInput: matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        remedy = "Install lepton-infra[plot], or ask for --html"
        raise BadInput(Fault("--png", "needs matplotlib, which is not installed", "the extra 'plot'", remedy))


def picture(name: str, question: "Question", found: "Backtest") -> bytes:
    """Return the frontier as PNG, the same bytes for the same backtest."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 5), layout="constrained")
    axes = figure.add_subplot()
    most_over, most_short = edges(question, found)
    hues = colours(found)
    for curve in found.curves:
        points = sorted(curve.points)
        axes.plot([over for over, _ in points], [short for _, short in points], color=hues[curve.name], alpha=0.5)
    for row in found.rows:
        over, short = min(row.node_hours_over_oracle, most_over), min(row.violated_share, most_short)
        # What lies beyond the edge is drawn at it, so the legend says where it really is.
        label = f"{row.policy} {row.node_hours_over_oracle:.2f} x, {row.violated_share:.1%}"
        axes.plot([over], [short], "o", color=hues[row.policy], label=label, clip_on=False)
    axes.axhline(question.violations, color="#999999", linestyle="--")
    axes.set(xlim=(1, most_over), ylim=(0, most_short), xlabel="node-hours over the oracle's", ylabel="share of windows short")
    axes.set_title(f"Backtest of {name}", parse_math=False)
    figure.legend(loc="outside right upper")
    out = BytesIO()
    figure.savefig(out, format="png", dpi=120, metadata={"Software": None})
    return out.getvalue()
