"""Prometheus' answers as usage: a range query of node counts or of utilisation, with a label for the pool."""

from collections.abc import Collection
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np

from lepton_infra.catalog import listed, nearest
from lepton_infra.sizing.advise.cells import Faults
from lepton_infra.sizing.advise.ledger import HOUR, MEASURED, MINUTE, Batch, Key, Ledger
from lepton_infra.sizing.advise.native import MARKETS, MOST_NODES, common_step
from lepton_infra.sizing.arrays import Floats
from lepton_infra.sizing.prometheus import Line, read_lines
from lepton_infra.sizing.table import shown

Quantity: TypeAlias = Literal["nodes", "utilisation", "utilisation_percent", "gpu_memory_percent"]
QUANTITIES: Final[tuple[Quantity, ...]] = ("nodes", "utilisation", "utilisation_percent", "gpu_memory_percent")
"""What an answer may be about."""
_MOST: Final[dict[Quantity, float]] = {"nodes": MOST_NODES, "utilisation": 1, "utilisation_percent": 100, "gpu_memory_percent": 100}
_METRICS: Final[dict[str, Quantity]] = {"DCGM_FI_DEV_GPU_UTIL": "utilisation_percent"}
"""Metrics whose quantity is known: DCGM exporter's utilisation is in percent."""
_MACHINE: Final = ("machine", "node_kubernetes_io_instance_type", "label_node_kubernetes_io_instance_type", "instance_type")
_REGION: Final = ("region", "topology_kubernetes_io_region", "label_topology_kubernetes_io_region")
_MARKET: Final = ("market", "capacity_type", "eks_amazonaws_com_capacity_type", "karpenter_sh_capacity_type")


def add_metrics(path: Path, quantity: Quantity | None, pools: Collection[str], ledger: Ledger, faults: Faults) -> None:
    """Add an answer to a ledger; what is wrong with it becomes faults.

    Raises:
        BadInput: it is no answer to a range query.
    """
    for place, line in enumerate(read_lines(path)):
        where = f"answer.data.result[{place}]"
        about = quantity or _METRICS.get(line.metric.get("__name__", ""))
        if about is None:
            faults.add(0, f"does not say what it counts in {where}", listed(QUANTITIES), f"Write --usage nodes={faults.name}")
            return
        key = _key(line, pools, faults, where)
        values = np.asarray(line.values, dtype=np.float64).reshape(-1, 2)
        over = values[:, 1] > _MOST[about]
        if over.any():
            faults.add(0, f"has {about} of {values[over][0, 1]:g} in {where}", f"{_MOST[about]:g} at most")
        elif key and len(values):
            ledger.add(_batch(ledger.code(key), values, about), MEASURED)


def _batch(code: int, values: Floats, about: Quantity) -> Batch:
    values = values[~np.isnan(values[:, 1])]
    codes = np.full(len(values), code, dtype=np.int64)
    start = np.floor(values[:, 0])
    step = min(max(common_step(codes, start) // MINUTE, 1) * MINUTE, HOUR)
    unknown = np.full(len(values), np.nan)
    said: dict[str, Floats] = dict.fromkeys(("nodes", "utilisation", "gpu_memory"), unknown)
    said[about.removesuffix("_percent")] = values[:, 1] / (100 if about.endswith("_percent") else 1)
    # A query begins at any second; its windows are held to whole minutes so that they fit beside each other.
    whole = (start // MINUTE * MINUTE).astype(np.int64)
    lasts = np.full(len(values), step, dtype=np.int64)
    return Batch(codes, whole, lasts, said["nodes"], said["utilisation"], unknown, said["gpu_memory"])


def _key(line: Line, pools: Collection[str], faults: Faults, where: str) -> Key | None:
    pool = line.metric.get("pool", "")
    if pool not in pools:
        given = f"has the pool {shown(pool)} in {where}" if pool else f"has no label pool in {where}"
        faults.add(0, given, f"choose {listed(nearest(pool, pools))}", "Name the pool with label_replace in the query")
        return None
    machine, region, market = (_label(line, names) for names in (_MACHINE, _REGION, _MARKET))
    return Key(pool, machine or None, region or None, MARKETS.get(market.casefold().replace("_", "-")))


def _label(line: Line, names: Collection[str]) -> str:
    return next((line.metric[name] for name in names if name in line.metric), "")
