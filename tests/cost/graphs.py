"""Graphs for the tests of bills."""

from typing import Any

from lepton_infra.catalog import load_catalog, service_price
from lepton_infra.cost import Cost, bill
from lepton_infra.graph import Graph, Resource

REGIONS = {"aws": ("region", "us-east-1"), "gcp": ("region", "us-central1"), "azure-native": ("location", "eastus")}
HOURS = 730


def urn(token: str, name: str, stack: str = "dev") -> str:
    return f"urn:pulumi:{stack}::lepton::{token}::{name}"


def resource(token: str, name: str, inputs: dict[str, Any], *needs: Resource, stack: str = "dev") -> Resource:
    dependencies = tuple(one.urn for one in needs)
    own = urn(token, name, stack)
    return Resource(own, token, name, None, custom=True, inputs=inputs, outputs={}, dependencies=dependencies, protect=False)


def graph(*resources: Resource) -> Graph:
    packages = sorted({one.type.partition(":")[0] for one in resources} & set(REGIONS))
    providers = [resource(f"pulumi:providers:{name}", "default", {REGIONS[name][0]: REGIONS[name][1]}) for name in packages]
    return Graph("lepton", "dev", (*providers, *resources))


def billed(*resources: Resource) -> Cost:
    return bill(graph(*resources), load_catalog())


def usd(cloud: str, service: str) -> float:
    regions = {"aws": "us-east-1", "gcp": "us-central1", "azure": "eastus"}
    price = service_price(cloud, regions[cloud], service) or service_price(cloud, "global", service)
    assert price is not None
    return price.usd
