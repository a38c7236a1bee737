"""AWS as the rehearsal pretends it: data in types.toml and zones.csv, arithmetic and data sources here."""

from lepton_infra.rehearsal.aws.shapes import IDENTITIES, SHAPES
from lepton_infra.rehearsal.aws.sources import SOURCES

__all__ = ["IDENTITIES", "SHAPES", "SOURCES"]
