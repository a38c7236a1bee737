"""Classes of accelerators: what a machine computes with, whatever its maker calls the part."""

from enum import StrEnum
from typing import Final

from lepton_infra.catalog.model import Machine
from lepton_infra.catalog.words import plain


class AcceleratorClass(StrEnum):
    """What a machine computes with."""

    CPU = "cpu"
    """No accelerator."""
    FPGA = "fpga"
    """Programmable logic: AMD's Virtex UltraScale+ in AWS's F2."""
    GAUDI = "gaudi"
    """Intel's (Habana's) training accelerator."""
    GPU = "gpu"
    """A graphics processor of NVIDIA or AMD."""
    INFERENTIA = "inferentia"
    """AWS's inference chip, both generations."""
    TPU = "tpu"
    """Google's tensor processor."""
    TRAINIUM = "trainium"
    """AWS's training chip."""


_BEGINNINGS: Final = {
    "Gaudi": AcceleratorClass.GAUDI,
    "Inferentia": AcceleratorClass.INFERENTIA,
    "TPU": AcceleratorClass.TPU,
    "Trainium": AcceleratorClass.TRAINIUM,
    "VU": AcceleratorClass.FPGA,
}
"""How kinds that are no GPU begin; every other kind is one."""


def class_of(machine: Machine) -> AcceleratorClass:
    """Return what a machine computes with."""
    if machine.gpu is None:
        return AcceleratorClass.CPU
    kind = machine.gpu
    return next((known for beginning, known in _BEGINNINGS.items() if kind.startswith(beginning)), AcceleratorClass.GPU)


def class_named(word: str) -> AcceleratorClass | None:
    """Return the class that a reader means (`TPUs`, `fpga`), or None."""
    given = plain(word).removesuffix("s")
    return next((one for one in AcceleratorClass if one == given), None)
