"""From a graph to money."""

from lepton_infra.cost.bill import bill
from lepton_infra.cost.model import Cost, Item, Part, Range, Unpriced

__all__ = ["Cost", "Item", "Part", "Range", "Unpriced", "bill"]
