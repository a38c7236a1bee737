"""What would be built: resources and their relations, from whichever reader."""

from lepton_infra.graph.model import Graph, Resource, Secret
from lepton_infra.graph.state import parse_state, read_state

__all__ = ["Graph", "Resource", "Secret", "parse_state", "read_state"]
