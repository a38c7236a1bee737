"""Turns predicted demand for AI into secure, right-sized GPU infrastructure.

The pure core: what is wanted (`config`), what can be bought (`catalog`), what is needed (`sizing`), what would be built
(`graph`), what it costs (`cost`), what it must not be (`rules`), and how it is tried (`engine`, `rehearsal`).
Rooms are imported by name, so that `import lepton_infra` costs nothing.
"""

__version__ = "0.1.0"
