"""What a machine type holds: the catalogue knows most, its name tells the rest."""

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from lepton_infra.catalog import machine
from lepton_infra.rules.values import UNKNOWN, number_in
from lepton_infra.rules.verdict import Verdict, any_of
from lepton_infra.rules.view import View

MOST_ACCELERATORS: Final = 16
"""The most accelerators in one machine type (a2-megagpu-16g): the worst case where the type is not known."""
_ACCELERATED: Final = re.compile(r"(a\d+x?|g\d+|ct\d\w*|tpu\w+)-")
"""Families with GPUs or TPUs (Compute Engine, "Accelerator-optimized machine family"; Cloud TPU, "TPU machine types")."""
_COUNT: Final = re.compile(r"-(\d+)[gt]\Z")
"""How some names end: a3-megagpu-8g, ct6e-standard-4t."""


@lru_cache(maxsize=1024)
def accelerators(machine_type: str) -> int:
    """Return how many GPUs (or TPU chips) a machine type has, 0 for none; the worst case for one too new for the catalogue."""
    name = machine_type.strip().lower().rpartition("/")[2]  # it may be a URL
    found = machine("gcp", name)
    if found is not None:
        return math.ceil(found.gpus)
    if not _ACCELERATED.match(name):
        return 0
    count = _COUNT.search(name)
    return int(count[1]) if count else MOST_ACCELERATORS


def accelerated(config: View) -> Iterator[tuple[int, Verdict]]:
    """Iterate over what may make a machine one with accelerators: how many it then has, and whether it is so.

    Args:
        config: a place with `machineType` and `guestAccelerators`: a machine, a template, or a pool's `nodeConfig`.
    """
    name = config.machineType.raw_value()
    if name is UNKNOWN:
        yield MOST_ACCELERATORS, config.machineType.undecided_because()
    elif isinstance(name, str) and (count := accelerators(name)):
        yield count, config.machineType.pass_because(f"{config.machineType.read_text()} with {count} accelerator{'s' * (count > 1)}")
    for guest in config.guestAccelerators:
        known = number_in(guest.count.raw_value())
        yield math.ceil(known) if known and 0 < known <= MOST_ACCELERATORS else MOST_ACCELERATORS, guest.count > 0


def has_accelerators(config: View) -> Verdict:
    """Return whether a machine, a template, or the nodes of a pool's `nodeConfig` have GPUs or TPUs."""
    return any_of(verdict for _, verdict in accelerated(config))
