"""One name for a model and a GPU, however a source writes them."""

import re
from typing import Final

from lepton_infra.catalog import plain

_NOISE: Final = re.compile(r"\b(meta|instruct|chat|fp8|fp4|nvfp4|mxfp4|bf16|int4|awq|99\.9|99|v0\.1|0528|hf)\b")
_GPUS: Final = {
    "a100sxm": "A100-80GB", "a100pcie": "A100-80GB", "b200sxm": "B200", "b300sxm": "B300", "h100sxm": "H100", "h200sxm": "H200",
    "rtxpro6000server": "RTXPRO6000", "nvidiab200sxm180gb": "B200", "nvidiah100sxm80gb": "H100", "nvidiah200sxm141gb": "H200",
    "virtualizednvidiah200sxm141gb": "H200", "nvidial40s": "L40S", "nvidiagb200": "GB200", "nvidiagb300": "GB300",
    "amdinstinctmi300x192gbhbm3": "MI300X", "amdinstinctmi325x256gbhbm3e": "MI325X", "nvidiah200nvl141gb": "H200-NVL",
    "nvidiartxpro6000blackwellserveredition": "RTXPRO6000", "l40s": "L40S", "gb200": "GB200", "gb300": "GB300",
}  # fmt: skip
"""Systems and accelerators of the sources by the catalogue's kinds."""


def canonical(gpu: str) -> str:
    """Return a kind of GPU in the catalogue's spelling, however a user writes it; a kind that no table has stays as it is."""
    return next((known for known in dict.fromkeys(_GPUS.values()) if plain(known) == plain(gpu)), _GPUS.get(plain(gpu), gpu))


def family(model: str) -> str:
    """Return what the names of one model have in common: no organisation, no precision, no `instruct`, no marks.

    `meta-llama/Meta-Llama-3.1-8B-Instruct` and `llama3.1-8b` are both `llama318b`. Precision is a column of its own.
    """
    last = model.casefold().rpartition("/")[2].replace("_", "-")
    return plain(_NOISE.sub("", last))


def kind(system: str) -> str:
    """Return the catalogue's kind for a source's name of a GPU, or the name itself where the catalogue has none."""
    return _GPUS.get(plain(system), system)
