"""Pictures of a graph: an architecture by component and network, as Mermaid, DOT and SVG.

```
kinds     what is worth a box of its own       pools    machine and count of what runs machines
detail    how much is drawn one by one         layout   picture -> places
picture   graph -> boxes, nodes and arrows
mermaid   dot   svg                            the three ways to write it down
```
"""

from lepton_infra.graph.draw.dot import as_dot
from lepton_infra.graph.draw.mermaid import as_mermaid
from lepton_infra.graph.draw.picture import Picture, picture_of
from lepton_infra.graph.draw.svg import as_svg

__all__ = ["Picture", "as_dot", "as_mermaid", "as_svg", "picture_of"]
