"""From a graph to money and carbon.

```
model      what a bill is: intervals, items, gaps     inputs, nodes   reading resources: unknown is said, never taken for nothing
kit        arithmetic that all clouds share           prices          unit prices in a region
aws gcp azure kubernetes   tables, from type to how it is priced; what is free or billed by use stands in data/
bill       graph -> bill                              compare         bill against bill
pricing    the same bill for rules, which stand below and get it passed in
```
"""

from lepton_infra.cost.bill import bill, monthly
from lepton_infra.cost.compare import Billed, Change, Difference, Row, Side, compare
from lepton_infra.cost.model import Cost, Gap, Item, Part, Range, Reason, Unpriced

__all__ = [
    "Billed",
    "Change",
    "Cost",
    "Difference",
    "Gap",
    "Item",
    "Part",
    "Range",
    "Reason",
    "Row",
    "Side",
    "Unpriced",
    "bill",
    "compare",
    "monthly",
]
