"""What a machine type holds: the catalogue knows most, its name tells the rest."""

import math
import re
from functools import lru_cache
from typing import Final

from lepton_infra.catalog import machine

MOST_ACCELERATORS: Final = 16
"""The most accelerators in one machine type (trn1.32xlarge, inf1.24xlarge): the worst case where the type is not known."""
_ACCELERATED: Final = re.compile(r"(p|g|gr|trn|inf|dl)\d")
"""Families with GPUs or machine-learning chips (EC2 User Guide, "Instance type naming": p, g, gr, trn, inf and dl are accelerated)."""


@lru_cache(maxsize=1024)
def accelerators(machine_type: str) -> int:
    """Return how many GPUs (or other accelerators) a machine type has, 0 for none; the worst case for one too new for the catalogue."""
    name = machine_type.strip().lower()
    found = machine("aws", name)
    if found is not None:
        return math.ceil(found.gpus)
    return MOST_ACCELERATORS if _ACCELERATED.match(name) else 0
