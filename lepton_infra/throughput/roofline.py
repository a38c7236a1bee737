"""What no replica can exceed: memory bandwidth and arithmetic.

A decode step reads the active weights once and passes every request of the batch through them, so it lasts at least
`max(active * bytes / (gpus * bandwidth), 2 * active * batch / (gpus * flops))` (S. Williams, A. Waterman, D. Patterson, "Roofline",
Communications of the ACM 52(4), 2009, with two operations per parameter and token). The cache of keys and values, and the experts that a
larger batch touches beyond the active ones, are left out: they only make it slower, so the bound holds.
"""

from typing import Final

from lepton_infra.throughput.model import GpuSpec, ModelSpec

BYTES: Final = {"bf16": 2.0, "fp8": 1.0, "fp4": 0.5, "int4": 0.5}
"""Bytes per parameter."""
ARITHMETIC: Final = {"bf16": "bf16", "fp8": "fp8", "fp4": "fp4", "int4": "fp8"}
"""Precision that each multiplies in at best; weights of four-bit integers are widened first."""


def tokens_per_gpu(model: ModelSpec, gpu: GpuSpec, precision: str, batch: float, gpus: int) -> float:
    """Return the most output tokens per second and GPU of a replica with so many GPUs and requests side by side.

    Args:
        model: its size.
        gpu: its data sheet.
        precision: of the weights; the smallest that there is where it is empty.
        batch: requests side by side.
        gpus: GPUs of the replica.
    """
    known = precision or "fp4"
    active = model.active_b * 1e9
    flops = gpu.tflops.get(ARITHMETIC[known], max(gpu.tflops.values()) if not precision else gpu.tflops["bf16"]) * 1e12
    memory = active * BYTES[known] / (gpus * gpu.gb_per_second * 1e9)
    arithmetic = 2 * active * batch / (gpus * flops)
    return batch / max(memory, arithmetic) / gpus
