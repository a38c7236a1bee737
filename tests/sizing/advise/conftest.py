"""Usage by construction: a stack, its plan, and records whose right advice is known."""

import csv
import datetime as dt
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from lepton_infra.catalog import Catalog, load_catalog
from lepton_infra.config import StackFile, find_project, load_stack
from lepton_infra.sizing.advise.advise import advise, case_of
from lepton_infra.sizing.advise.case import Case
from lepton_infra.sizing.advise.model import Report
from lepton_infra.sizing.advise.read import read_usage, source
from lepton_infra.sizing.advise.usage import usages
from lepton_infra.sizing.lock import load_plan, write_plan
from lepton_infra.sizing.make import make_plan
from lepton_infra.sizing.plan import Plan

MONDAY = dt.datetime(2026, 1, 19, tzinfo=dt.UTC)
CAPACITY = 12.6
"""Requests per second that a node with one H100 serves."""
Rows = list[dict[str, Any]]


@pytest.fixture(scope="session")
def planned(tmp_path_factory: pytest.TempPathFactory) -> StackFile:
    """A stack with one pool, `chat`, whose demand is 126 by day and 63 by night, planned."""
    root = tmp_path_factory.mktemp("planned")
    (root / "Pulumi.yaml").write_text("name: lepton\nruntime: python\nstackConfigDir: stacks\n")
    (root / "stacks/demand").mkdir(parents=True)
    demand = [f"{600 * step},{126 if 48 <= step % 144 < 120 else 63}" for step in range(144 * 14)]
    (root / "stacks/demand/chat.csv").write_text("\n".join(["t_seconds,rate_rps", *demand]))
    pool = {
        "name": "chat",
        "runs_on": "cluster",
        "gpu": ["H100", "L40S"],
        "demand": {"file": "demand/chat.csv", "start": "2026-01-05T00:00:00Z"},
        "throughput": {"per_gpu": {"H100": CAPACITY, "L40S": 1.0}, "source": "test"},
        "quantile": 0.95,
        "max_nodes": 20,
        "min_nodes": 1,
    }
    stack = {"cloud": "aws", "region": "us-east-1", "owner": "a@b.c", "team": "t", "environment": "dev", "pools": [pool]}
    (root / "stacks/Pulumi.test.yaml").write_text(yaml.safe_dump({"config": {"lepton:stack": stack}}))
    stack_file = load_stack(find_project(root), "test")
    write_plan(stack_file.project.plan_path("test"), make_plan(stack_file, load_catalog()))
    return stack_file


@pytest.fixture(scope="session")
def plan(planned: StackFile) -> Plan:
    """The plan of that stack: 5 nodes by night and 10 by day."""
    return load_plan(planned.project.plan_path("test"))


def text_of(rows: Rows) -> str:
    """Return rows as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def ran(days: int, nodes: Callable[[int], float], work: Callable[[int], float], **more: Any) -> Rows:
    """Return records by the hour: nodes, and utilisation so that so many nodes' worth of work was done, by hour of the day."""
    rows: Rows = []
    for hour in range(24 * days):
        held, done = nodes(hour % 24), work(hour % 24)
        time = f"{MONDAY + dt.timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}"
        rows.append({"time": time, "pool": "chat", "nodes": held, "utilisation": round(min(done / held, 1.0), 6) if held else 0, **more})
    return rows


def by_day(low: float, high: float) -> Callable[[int], float]:
    """Return one value by night and another from 8 to 20, as the demand has it."""
    return lambda hour: high if 8 <= hour < 20 else low


@pytest.fixture
def judge(planned: StackFile, plan: Plan, tmp_path: Path) -> Callable[..., Report]:
    """Return what advises on rows, or on the text of files."""

    def run(*files: Rows | str, catalog: Catalog | None = None, stack_file: StackFile | None = None, made: Plan | None = None) -> Report:
        names: list[str] = []
        for place, file in enumerate(files):
            path = tmp_path / f"usage{place}"
            path.write_text(file if isinstance(file, str) else text_of(file))
            names.append(str(path))
        return judged(names, stack_file or planned, made or plan, catalog or load_catalog())

    return run


@pytest.fixture
def cased(planned: StackFile, plan: Plan, tmp_path: Path) -> Callable[[Rows], Case]:
    """Return what makes the case of the pool from rows."""

    def run(rows: Rows) -> Case:
        (tmp_path / "case.csv").write_text(text_of(rows))
        ledger, _ = read_usage([source(str(tmp_path / "case.csv"))], ["chat"], "pool", lambda _: None)
        case = case_of(planned, 0, plan, usages(ledger)["chat"], load_catalog())
        assert isinstance(case, Case)
        return case

    return run


def judged(names: Sequence[str], stack_file: StackFile, plan: Plan, catalog: Catalog) -> Report:
    """Return the report on files."""
    ledger, _ = read_usage([source(name) for name in names], [pool.name for pool in stack_file.stack.pools], "pool", lambda _: None)
    return advise(stack_file, plan, usages(ledger), catalog, lambda _: None)


def total(report: Report, kind: str) -> float:
    """Return the dollars of a kind of advice."""
    return float(np.sum([one.usd_per_month.expected for one in report.advice if one.kind == kind and one.usd_per_month]))
