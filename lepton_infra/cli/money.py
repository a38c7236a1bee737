"""Money as every page of the command line has it: as planned, and from the fewest nodes to the most."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from lepton_infra.cli import render

if TYPE_CHECKING:
    from lepton_infra.cost import Cost, Range

ENDS: Final = [render.number("fewest nodes"), render.number("as planned"), render.number("most nodes")]
"""The three columns of a table of money."""


def dollars(usd: "Range") -> tuple[str, str, str]:
    """Return the three cells."""
    return f"{usd.low:,.0f}", f"{usd.expected:,.0f}", f"{usd.high:,.0f}"


def rounded(usd: "Range") -> dict[str, float]:
    """Return it as documents have it, to the cent."""
    return {name: round(value, 2) for name, value in asdict(usd).items()}


def parts_rounded(cost: "Cost") -> dict[str, dict[str, float]]:
    """Return the parts of a bill as documents have them."""
    return {part.value: rounded(usd) for part, usd in cost.by_part().items()}


def show_parts(title: str, cost: "Cost") -> None:
    """Print what each part of a bill comes to, and all together."""
    rows = [(part.value, *dollars(usd)) for part, usd in cost.by_part().items()]
    render.table(title, ["part", *ENDS], rows, ("together", *dollars(cost.total)))
