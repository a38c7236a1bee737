"""The configuration of one provider, as the engine sends it."""

import json
from collections.abc import Iterator

from lepton_infra.rehearsal.check import Failure, check
from lepton_infra.rehearsal.facts import Facts
from lepton_infra.rehearsal.schema import Fields, Scalar, Schema
from lepton_infra.rehearsal.wire import Properties, Value, is_unknown, table

_ENGINES_OWN = frozenset({"version", "pluginDownloadURL", "pluginChecksums"})
"""What the engine adds to a provider's arguments for itself."""


def decoded(fields: Fields, news: Properties) -> Properties:
    """Read what is not a text out of its JSON: the engine passes provider settings as texts."""
    return {name: _decoded(fields, name, value) for name, value in news.items() if name not in _ENGINES_OWN and not name.startswith("__")}


def _decoded(fields: Fields, name: str, value: Value) -> Value:
    if not isinstance(value, str) or is_unknown(value) or name not in fields or fields[name].shape == Scalar("string"):
        return value
    try:
        read: Value = json.loads(value)
    except json.JSONDecodeError:
        return value
    return read


def config_faults(schema: Schema, facts: Facts, settings: Properties) -> Iterator[Failure]:
    """Find what is wrong with the settings, and which needed one is missing."""
    yield from check(schema.inputs, settings)
    for name, remedy in facts.required.items():
        if not settings.get(name):
            yield Failure(name, f"is missing; the provider needs it. {remedy}.")


def place(facts: Facts, settings: Properties) -> Properties:
    """Return the facts that templates may use: settings that are texts, and the package's own."""
    plain: Properties = {name: value for name, value in settings.items() if isinstance(value, str)}
    return {**facts.place, **plain}


def default_tags(facts: Facts, settings: Properties) -> Properties:
    """Return the tags that go on everything."""
    value: Value = settings
    for step in facts.tags[2].split(".") if facts.tags else ():
        value = table(value).get(step)
    return table(value) if facts.tags else {}
