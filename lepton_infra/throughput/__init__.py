"""What a GPU serves: points with their provenance, fitted to replicas and held against each other."""

from lepton_infra.throughput.benchmark import read_benchmark
from lepton_infra.throughput.judge import Believed, Refused, judge
from lepton_infra.throughput.model import Point, Shape, Source
from lepton_infra.throughput.names import canonical, family, kind
from lepton_infra.throughput.replica import Line, Operating, fit, operating
from lepton_infra.throughput.tables import digest

__all__ = [
    "Believed",
    "Line",
    "Operating",
    "Point",
    "Refused",
    "Shape",
    "Source",
    "canonical",
    "digest",
    "family",
    "fit",
    "judge",
    "kind",
    "operating",
    "read_benchmark",
]
