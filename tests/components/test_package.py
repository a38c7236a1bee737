"""The components as a package for every language: what Pulumi's analyzer makes of them."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from lepton_components import AutoscalingGroup, Budget, EncryptedNetwork, GpuCluster, Keys, Storage

ROOT = Path(__file__).resolve().parents[2] / "components"
COMPONENTS = [AutoscalingGroup, Budget, EncryptedNetwork, GpuCluster, Keys, Storage]
MANIFEST = yaml.safe_load((ROOT / "PulumiPlugin.yaml").read_text())


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return json.loads(ComponentProvider(COMPONENTS, MANIFEST["name"], version=MANIFEST["version"]).schema or "{}")


def test_the_analyzer_takes_all_six(schema: dict[str, Any]) -> None:
    assert sorted(schema["resources"]) == [f"lepton:index:{one.__name__}" for one in COMPONENTS]


def test_every_input_and_output_is_described(schema: dict[str, Any]) -> None:
    described = [*schema["resources"].values(), *schema["types"].values()]

    silent = [
        key
        for one in described
        for group in ("inputProperties", "properties")
        for key, value in one.get(group, {}).items()
        if not value.get("description")
    ]

    assert all(one.get("description") for one in described)
    assert silent == []


def test_what_another_component_answers_may_be_unknown_and_the_rest_is_plain(schema: dict[str, Any]) -> None:
    inputs = schema["resources"]["lepton:index:GpuCluster"]["inputProperties"]

    assert {name for name, value in inputs.items() if not value.get("plain")} == {"network", "subnets", "secretsKey", "disksKey", "logsKey"}


@pytest.mark.parametrize("component", COMPONENTS)
def test_outputs_are_registered_under_the_names_of_the_schema(component: type, schema: dict[str, Any]) -> None:
    """Programs in other languages read what was registered, by the name in the schema."""
    source = (ROOT / "lepton_components" / f"{component.__module__.rpartition('.')[2]}.py").read_text()
    registered = re.findall(r'"(\w+)": self\.', source)

    assert sorted(registered) == sorted(schema["resources"][f"lepton:index:{component.__name__}"]["properties"])


def test_the_manifest_and_the_distribution_have_one_version() -> None:
    assert re.findall(r'version = "(.+)"', (ROOT / "pyproject.toml").read_text())[0] == MANIFEST["version"]
    assert f'version="{MANIFEST["version"]}"' in (ROOT / "__main__.py").read_text()


def test_the_package_serves_its_schema_to_an_engine(schema: dict[str, Any]) -> None:
    """What `pulumi package add` starts, asked as the engine asks it."""
    with subprocess.Popen([sys.executable, "-u", str(ROOT), "127.0.0.1:1"], stdout=subprocess.PIPE, text=True) as host:
        try:
            assert host.stdout
            port = int(host.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                answer = provider_pb2_grpc.ResourceProviderStub(channel).GetSchema(provider_pb2.GetSchemaRequest(), timeout=30)
        finally:
            host.terminate()

    assert json.loads(answer.schema) == schema
