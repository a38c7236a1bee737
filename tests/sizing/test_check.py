"""Staffing checked request by request, as a user asks for it."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from lepton_infra.catalog import load_catalog
from lepton_infra.cli.plan import plan as plan_verb
from lepton_infra.config import StackFile, find_project, load_stack
from lepton_infra.sizing.check import SPREADS, check_staffing
from lepton_infra.sizing.make import make_plan


def opened(root: Path, **pool: Any) -> StackFile:
    (root / "stacks").mkdir(exist_ok=True)
    (root / "Pulumi.yaml").write_text("name: check\nruntime: python\nmain: stacks\nstackConfigDir: stacks\n")
    rows = [f"{second},{20 + 10 * math.sin(second / 86400 * 2 * math.pi)}" for second in range(0, 4 * 86400, 1800)]
    (root / "stacks/d.csv").write_text("\n".join(["t_seconds,rate_rps", *rows]) + "\n")
    base: dict[str, Any] = {"name": "chat", "runs_on": "cluster", "gpu": "H100", "forecaster": "naive"}
    base |= {"demand": {"file": "d.csv", "start": "2026-01-05T00:00:00Z"}, "throughput": {"per_gpu": {"H100": 4}, "source": "a test"}}
    stack = {"cloud": "aws", "region": "us-east-1", "owner": "a", "team": "b", "environment": "dev", "pools": [base | pool]}
    (root / "stacks/Pulumi.x.yaml").write_text(yaml.safe_dump({"config": {"lepton:stack": stack}}))
    return load_stack(find_project(root), "x")


def test_what_was_staffed_for_is_kept_whatever_the_lengths(tmp_path: Path) -> None:
    stack_file = opened(tmp_path, slo={"wait_probability": 0.05, "slots_per_replica": 4})
    rows = check_staffing(stack_file, make_plan(stack_file, load_catalog()))
    assert [row.spread for row in rows] == list(SPREADS)
    light, usual, heavy = rows
    # Whether a request waits at all hardly depends on how lengths vary; how long it waits does (test_eventsim.py).
    for row in (light, usual, heavy):
        assert 0.02 < row.late == row.waited <= 1.3 * row.promised
    assert light.late <= light.promised
    assert usual.ttft_p95 is None


def test_tokens_are_told_where_tokens_were_promised(tmp_path: Path) -> None:
    slo = {"ttft_seconds": 2, "tpot_ms": 50, "input_tokens": 2000, "output_tokens": 300}
    stack_file = opened(tmp_path, throughput={"model": "meta-llama/Llama-3.1-8B-Instruct"}, slo=slo)
    light, *_ = check_staffing(stack_file, make_plan(stack_file, load_catalog()))
    assert light.ttft_p95 is not None
    assert light.tpot_ms_p95 is not None
    assert light.ttft_p95 <= 2
    assert light.tpot_ms_p95 <= 50


def test_the_verb_prints_it_and_says_where_there_is_nothing_to_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opened(tmp_path, slo={"wait_probability": 0.05, "slots_per_replica": 4})
    plan_verb("x", check_staffing=True, project=tmp_path)
    assert "request by request" in capsys.readouterr().out
    plan_verb("x", check_staffing=True, as_json=True, check=True, project=tmp_path)
    assert [row["spread"] for row in json.loads(capsys.readouterr().out)["staffing"]] == list(SPREADS)
    opened(tmp_path)
    plan_verb("x", check_staffing=True, project=tmp_path)
    assert "No pool promises anything about waiting" in capsys.readouterr().out
