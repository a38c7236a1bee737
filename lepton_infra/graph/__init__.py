"""What would be built: resources and their relations, from whichever reader.

```
model     resources, relations, positions         wire       the engine's marks for what JSON has no word for
program   a graph by running the program          monitor/   the other end of that, in the program's own process
document  the project's own JSON                  preview    `pulumi preview --json`        state   an exported state
```
"""

from lepton_infra.graph.document import as_document, parse_graph, read_graph
from lepton_infra.graph.model import Asset, Graph, Position, Resource, Secret, Unknown
from lepton_infra.graph.preview import parse_preview, read_preview
from lepton_infra.graph.state import parse_state, read_state

__all__ = [
    "Asset",
    "Graph",
    "Position",
    "Resource",
    "Secret",
    "Unknown",
    "as_document",
    "parse_graph",
    "parse_preview",
    "parse_state",
    "read_graph",
    "read_preview",
    "read_state",
]
