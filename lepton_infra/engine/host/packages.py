"""What is installed for an interpreter: its distributions, and which of them want a Pulumi plugin."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

from lepton_infra.engine.host.toolchain import HostError, Python

# The list of a distribution's files can be thousands of lines long, so it is read only where the plugin's file is not in its usual place.
_LIST = """
import importlib.metadata, json, re
found = []
for one in importlib.metadata.distributions():
    name = one.metadata["Name"]
    if not name:
        continue
    needs = [re.match(r"[A-Za-z0-9._-]+", r).group() for r in one.requires or () if not re.search(r";.*extra\\s*==", r)]
    plugin = one.locate_file(re.sub(r"[-.]+", "_", name)) / "pulumi-plugin.json"
    if not plugin.is_file():
        files = (one.files or ()) if "pulumi" in needs else ()
        plugin = next((f.locate() for f in files if f.name == "pulumi-plugin.json"), None)
    found.append({"name": name, "version": one.version, "plugin": plugin and str(plugin), "needs": needs})
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True)
class Distribution:
    """An installed distribution."""

    name: str
    """Its name as PEP 503 normalises it."""
    version: str
    """Its version, as its metadata say."""
    plugin: Path | None = None
    """Its pulumi-plugin.json, if it has one: what plugin belongs to it."""
    needs: frozenset[str] = frozenset()
    """The names of the distributions that it requires."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """The plugin that a distribution's resources need."""

    name: str
    """For instance `aws`."""
    version: str
    """For instance `v7.51.1`; empty where the distribution does not say."""
    server: str
    """Where to download it from; empty means Pulumi's own place."""


@cache
def installed(python: Python) -> tuple[Distribution, ...]:
    """List the distributions that the interpreter sees, by name.

    Raises:
        HostError: the interpreter cannot be asked.
    """
    asked = subprocess.run([python.executable, "-c", _LIST], capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        raise HostError(f"{python.executable}: its packages cannot be listed: {asked.stderr.strip()}")
    rows = cast("list[dict[str, str | list[str] | None]]", json.loads(asked.stdout))
    return tuple(sorted((_distribution(row) for row in rows), key=lambda one: one.name))


def roots(distributions: tuple[Distribution, ...]) -> tuple[Distribution, ...]:
    """Leave out what only others need: the direct dependencies of a program, as `pip list --not-required` has them."""
    needed = frozenset[str]().union(*(one.needs for one in distributions))
    return tuple(one for one in distributions if one.name not in needed)


def plugins(distributions: tuple[Distribution, ...]) -> tuple[Plugin, ...]:
    """Return the plugins that the distributions' resources need, by name."""
    found = (_plugin(one, one.plugin) for one in distributions if one.plugin is not None)
    return tuple(sorted((one for one in found if one is not None), key=lambda one: one.name))


def normalised(name: str) -> str:
    """Return a distribution's name in the one spelling of PEP 503."""
    return "-".join(part for part in name.lower().replace("_", "-").replace(".", "-").split("-") if part)


def _distribution(row: Mapping[str, str | list[str] | None]) -> Distribution:
    needs = cast("list[str]", row["needs"])
    plugin = cast("str | None", row["plugin"])
    return Distribution(
        normalised(str(row["name"])), str(row["version"]), Path(plugin) if plugin else None, frozenset(normalised(one) for one in needs)
    )


def _plugin(distribution: Distribution, path: Path) -> Plugin | None:
    try:
        said = cast("object", json.loads(path.read_text()))
    except (OSError, ValueError) as error:
        raise HostError(f"{path}: cannot be read: {error}. Reinstall {distribution.name}.") from None
    if not isinstance(said, dict) or not cast("dict[str, object]", said).get("resource"):
        return None
    facts = cast("dict[str, object]", said)
    version = str(facts.get("version") or "").removeprefix("v")
    name = str(facts.get("name") or distribution.name.removeprefix("pulumi-"))
    return Plugin(name, f"v{version}" if version else "", str(facts.get("server") or ""))
