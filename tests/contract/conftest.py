"""One suite, every cloud: a rig knows how a cloud answers, and what of its graph means what."""

import asyncio
import json
import runpy
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from lepton_components import PoolArgs, ScopeArgs
from lepton_components.contract import CLOUDS
from lepton_components.testing import Answers, Built, Graph, build

ROOT = Path(__file__).resolve().parents[2]

with warnings.catch_warnings():
    # pulumi_aws warns of a class of its own while it loads the module; nobody here uses that class.
    warnings.simplefilter("ignore", DeprecationWarning)
    for cloud in CLOUDS:
        import_module(f"lepton_components.{cloud}")


@dataclass(frozen=True)
class Rig:
    """A cloud, and how it answers."""

    cloud: str
    region: str
    answers: Answers
    outputs: Callable[[Built], dict[str, Any]]
    tagged_by: str
    """The input that holds cost tags."""

    def takes_tags(self, kind: str) -> bool:
        """Return whether the library's own class for the type takes tags."""
        package, path, name = kind.split(":")
        module = import_module(f"pulumi_{package}.{path.partition('/')[0]}")
        return self.tagged_by in pulumi._types.input_type_types(getattr(module, f"{name}Args"))

    @property
    def scope(self) -> ScopeArgs:
        return {"cloud": self.cloud, "region": self.region, "owner": "ml@example.com", "team": "inference", "environment": "prod"}

    def network(self, **changes: Any) -> Any:
        return {"scope": self.scope, "cidr": "10.20.0.0/16", "zones": 3, "flow_log_days": 30, "logs_key": "key"} | changes

    def storage(self, **changes: Any) -> Any:
        return {"scope": self.scope, "name": "models", "noncurrent_days": 30, "key": "key"} | changes

    def cluster(self, **changes: Any) -> Any:
        keys = {"secrets_key": "key", "disks_key": "key", "logs_key": "key"}
        known = {
            "scope": self.scope,
            "kubernetes_version": "1.34",
            "service_cidr": "172.20.0.0/16",
            "log_days": 30,
            "deletion_protection": True,
            "administrators": ["arn:aws:iam::123456789012:role/platform-admin"],
            "system_pool": {"machine": "m7i.large", "min_nodes": 2, "max_nodes": 4},
            "pools": [self.pool()],
            "network": "network",
            "subnets": ["one", "two"],
        }
        return known | keys | changes

    def group(self, **changes: Any) -> Any:
        known = {
            "scope": self.scope,
            "pool": self.pool(),
            "cidr": "10.20.0.0/16",
            "network": "network",
            "subnets": ["one", "two"],
            "storage_prefix": "prefix",
            "disks_key": "key",
            "storage": "bucket",
            "storage_key": "key",
        }
        return known | changes

    def budget(self, **changes: Any) -> Any:
        return {"scope": self.scope, "usd_per_month": 5000.0, "contacts": ["ml@example.com"], "key": "key"} | changes

    def pool(self, **changes: Any) -> PoolArgs:
        known: dict[str, Any] = {
            "name": "chat",
            "machine": "p5.48xlarge",
            "gpu": "H100",
            "gpus": 8,
            "min_nodes": 1,
            "max_nodes": 10,
            "disk_gib": 200,
            "lead_minutes": 15,
            "schedule": [{"cron": "45 7 * * *", "min_nodes": 4}, {"cron": "0 22 * * *", "min_nodes": 1}],
        }
        return {**known, **changes}  # type: ignore[return-value] (a test may also write a bad pool)

    def build(self, program: Callable[[], object], *, preview: bool = False) -> Graph:
        return build(program, self.answers, outputs=self.outputs, preview=preview)

    def stack(self, *, preview: bool = False, change: Callable[[dict[str, Any]], object] = lambda _: None) -> Graph:
        """Run the unmodified program of `stacks/` with its own stack file and plan."""
        wanted = yaml.safe_load((ROOT / "stacks" / f"Pulumi.serve-{self.cloud}.yaml").read_text())["config"]["lepton:stack"]
        change(wanted)

        def program() -> None:
            pulumi.runtime.set_all_config({"lepton:stack": json.dumps(wanted)})
            runpy.run_path(str(ROOT / "stacks"), run_name="__main__")

        return build(program, self.answers, outputs=self.outputs, preview=preview, stack_name=f"serve-{self.cloud}")


@pytest.fixture(scope="module", params=CLOUDS)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    pretend = import_module(f"lepton_components.{request.param}.answers")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        yield Rig(request.param, "us-east-1", pretend.ANSWERS, pretend.outputs, "tags")
    pulumi.runtime.set_all_config({})
    asyncio.set_event_loop(None)
