"""Whole plans, byte by byte: what changes in them is seen in the pull request that changes it.

The plan of the shipped stack is one too (`test_plan.py`). `pytest --snapshot-update` writes them anew.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from lepton_infra.catalog import load_catalog
from lepton_infra.config import find_project, load_stack
from lepton_infra.sizing.lock import plan_text
from lepton_infra.sizing.make import make_plan

POOLS: dict[str, dict[str, Any]] = {
    "a promise on a daily wave": {
        "runs_on": "cluster",
        "gpu": ["H100", "L40S"],
        "throughput": {"model": "meta-llama/Llama-3.1-8B-Instruct"},
        "slo": {"ttft_seconds": 2, "tpot_ms": 50, "input_tokens": 2000, "output_tokens": 300},
        "lead_minutes": {"node": {"median": 4, "p95": 9}, "weights": {"median": 2, "p95": 5}},
        "violations": 0.02,
    },
    "a fixed quantile on two days": {
        "runs_on": "group",
        "gpu": ["A100"],
        "throughput": {"per_gpu": {"A100": 4.4}, "source": "a benchmark of our own"},
        "quantile": 0.9,
        "min_nodes": 2,
    },
}


def demand(days: int) -> str:
    rng = np.random.default_rng(days)
    rows = [
        f"{place * 600},{120 + 60 * math.sin(place / 144 * 2 * math.pi) + noise:.3f}"
        for place, noise in enumerate(rng.normal(0, 6, days * 144).tolist())
    ]
    return "\n".join(["t_seconds,rate_rps", *rows]) + "\n"


def made(root: Path, name: str) -> str:
    days = 10 if "wave" in name else 2
    (root / "stacks").mkdir()
    (root / "Pulumi.yaml").write_text("name: golden\nruntime: python\nmain: stacks\nstackConfigDir: stacks\n")
    (root / "stacks/d.csv").write_text(demand(days))
    pool = {"name": "pool", "demand": {"file": "d.csv", "start": "2026-03-02T00:00:00Z"}} | POOLS[name]
    stack = {"cloud": "aws", "region": "us-east-1", "owner": "a", "team": "b", "environment": "dev", "pools": [pool]}
    (root / "stacks/Pulumi.x.yaml").write_text(yaml.safe_dump({"config": {"lepton:stack": stack}}))
    return plan_text(make_plan(load_stack(find_project(root), "x"), load_catalog()))


@pytest.mark.parametrize("name", POOLS)
def test_a_plan_is_this(name: str, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    text = made(tmp_path / "one", name)
    assert made(tmp_path / "two", name) == text
    plan = json.loads(text)
    # What it was made from is the catalogue's and the file's business; what came out is ours.
    del plan["inputs"]
    assert json.dumps(plan, indent=1, sort_keys=True) == snapshot
