"""From a graph to money."""
