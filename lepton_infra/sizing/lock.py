"""The plan as a lock file: its hashes, how it is written and read, and when it is stale.

Light on purpose: a Pulumi program asks here before it creates anything, so this module hashes files and forecasts nothing.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from lepton_infra.catalog import Catalog, load_catalog
from lepton_infra.catalog.tables import DATA
from lepton_infra.config import KnownThroughput, StackFile
from lepton_infra.config.files import write_aside
from lepton_infra.errors import BadInput, Fault, StalePlan
from lepton_infra.sizing.plan import Inputs, Plan

_SIZED: Final = frozenset(
    {
        "name",
        "gpu",
        "machines",
        "demand",
        "throughput",
        "slo",
        "gpus_per_replica",
        "lead_minutes",
        "violations",
        "quantile",
        "forecaster",
        "min_nodes",
        "max_nodes",
    }
)
"""What sizing reads of a pool."""
_FACTS: Final = ("carbon", "hosts", "machine_zones", "places", "power", "zones")
"""Tables beside the machine rows that a fleet is planned from."""
_BESIDE: Final = "a file beside the stack file"


def inputs_of(stack_file: StackFile, catalog: Catalog) -> Inputs:
    """Return the hashes of all that a plan of this stack is made from.

    Raises:
        BadInput: a demand file or a benchmark cannot be read.
    """
    demand, throughput = _hashes(stack_file)
    promised = _commitment_prices(stack_file, catalog)
    return Inputs(settings=_settings(stack_file), catalog=catalog.digest, commitments=promised, demand=demand, throughput=throughput)


def plan_text(plan: Plan) -> str:
    """Return what the plan's file holds: the same bytes for the same plan."""
    return json.dumps(plan.model_dump(mode="json"), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def write_plan(path: Path, plan: Plan) -> None:
    """Write the plan, whole or not at all."""
    write_aside(path, plan_text(plan))


def load_plan(path: Path) -> Plan:
    """Read a plan file.

    Raises:
        StalePlan: there is none.
        BadInput: it is not a plan.
    """
    try:
        return Plan.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise StalePlan(Fault(_short(path), "does not exist", "a plan for the stack", f"Run `lepton plan {path.stem}`")) from None
    except OSError as error:
        raise BadInput(Fault(_short(path), f"cannot be read ({error.strerror})", "a plan for the stack")) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        given = f"is not a plan ({place}: {first['msg'].lower()})" if place else f"is not a plan ({first['msg'].lower()})"
        raise BadInput(Fault(_short(path), given, "what `lepton plan` writes", f"Run `lepton plan {path.stem}`")) from None


def fresh_plan(stack_file: StackFile, catalog: Catalog | None = None) -> Plan:
    """Return the stack's plan where it still fits its demand, catalogue and settings.

    Raises:
        StalePlan: there is none, or it was made from something else; with a fault for each thing that changed.
        BadInput: the plan, a demand file or a benchmark cannot be read.
    """
    plan = load_plan(stack_file.project.plan_path(stack_file.name))
    check_plan(plan, stack_file, catalog or load_catalog())
    return plan


def check_plan(plan: Plan, stack_file: StackFile, catalog: Catalog) -> None:
    """Hold a plan against what it was made from.

    Raises:
        StalePlan: with a fault for each thing that changed.
        BadInput: a demand file or a benchmark cannot be read.
    """
    now, path = inputs_of(stack_file, catalog), stack_file.project.plan_path(stack_file.name)
    stack_name = stack_file.project.stack_path(stack_file.name).name
    changed = [f"demand file {name}" for name in sorted(now.demand) if plan.inputs.demand.get(name) != now.demand[name]]
    changed += [f"demand file {name}, which is no longer named" for name in sorted(set(plan.inputs.demand) - set(now.demand))]
    changed += [
        f"{name}, which throughput is looked up in"
        for name in sorted({*now.throughput, *plan.inputs.throughput})
        if plan.inputs.throughput.get(name) != now.throughput.get(name)
    ]
    changed += [f"the settings of {stack_name}"] if plan.inputs.settings != now.settings else []
    changed += [f"the price catalogue{_refreshed(catalog)}"] if plan.inputs.catalog != now.catalog else []
    changed += ["the commitment prices of the catalogue"] if plan.inputs.commitments != now.commitments else []
    changed += [f"stack {stack_file.name}: it was made for {plan.stack}"] if plan.stack != stack_file.name else []
    if changed:
        remedy = f"Run `lepton plan {stack_file.name}` and review what changes"
        raise StalePlan(Fault(_short(path), f"is older than {what}", "a plan made from what is there now", remedy) for what in changed)


def _refreshed(catalog: Catalog) -> str:
    """Return which prices are of this machine alone, which is why a plan of another machine is stale here."""
    clouds = ", ".join(f"{cloud} {day}" for cloud, day in sorted(catalog.refreshed.items()))
    return f" (refreshed on this machine: {clouds}; LEPTON_CATALOG=shipped reads the shipped one)" if clouds else ""


def _commitment_prices(stack_file: StackFile, catalog: Catalog) -> str:
    """Return the hash of what commitments cost where the stack is: they are no part of the machine rows."""
    stack = stack_file.stack
    sold = sorted(catalog.sold(stack.cloud, stack.region), key=lambda one: one.key)
    rows = [f"{one.key} {terms}" for one in sold if (terms := catalog.commitments(one))]
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


def _settings(stack_file: StackFile) -> str:
    stack = stack_file.stack
    settings: dict[str, object] = {
        "cloud": stack.cloud,
        "region": stack.region,
        "system_machine": stack.cluster.system_pool.machine,
        "pools": [pool.model_dump(mode="json", include=set(_SIZED)) for pool in stack.pools],
    }
    if stack.fleet is not None:
        settings["fleet"] = stack.fleet.model_dump(mode="json")
        settings["priorities"] = [pool.priority for pool in stack.pools]
        settings["facts"] = {name: hashlib.sha256((DATA / f"{name}.csv").read_bytes()).hexdigest() for name in _FACTS}
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def _hashes(stack_file: StackFile) -> tuple[dict[str, str], dict[str, str]]:
    """Return the hashes of demand files, and of what throughput is looked up in."""
    demand: dict[str, str] = {}
    looked_up: dict[str, str] = {}
    faults: list[Fault] = []
    for place, pool in enumerate(stack_file.stack.pools):
        where = f"{stack_file.where}.pools[{place}]"
        faults += _add(stack_file, pool.demand.file, demand, f"{where}.demand.file", _BESIDE)
        if pool.demand.events is not None:
            faults += _add(stack_file, pool.demand.events, demand, f"{where}.demand.events", _BESIDE)
        if isinstance(pool.throughput, KnownThroughput):
            from lepton_infra.throughput import digest  # noqa: PLC0415 (most programs state their throughput: they need no tables)

            looked_up["the shipped tables"] = digest()
            for name in pool.throughput.benchmark:
                faults += _add(stack_file, name, looked_up, f"{where}.throughput.benchmark", _BESIDE)
    if faults:
        raise BadInput(faults)
    return dict(sorted(demand.items())), dict(sorted(looked_up.items()))


def _add(stack_file: StackFile, name: str, digests: dict[str, str], where: str, allowed: str) -> list[Fault]:
    """Add the hash of a file; return the fault where it cannot be read."""
    path = stack_file.project.stacks / name
    reason = unreadable(path)
    if reason:
        return [Fault(where, f"is '{name}', which {reason}", allowed)]
    if name not in digests:
        with path.open("rb") as file:
            digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return []


def unreadable(path: Path) -> str:
    """Return why the path is no file that can be read, or nothing."""
    try:
        if not path.exists():
            return "does not exist"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    if not path.is_file():
        return "is no file"
    return "" if os.access(path, os.R_OK) else "cannot be read"


def _short(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
