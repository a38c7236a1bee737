"""Texts with holes, as the data files write them: `arn:{partition}:kms:{region}:{account}:key/{id}`.

A hole is a fact of the place (`region`, `account`), a property of the resource, or a made-up token:
`{hex17}` (17 hexadecimal digits), `{HEX32}` (the same in capitals), `{base20}` (capitals and digits), `{digits12}`, `{uuid}`.
A token is the same wherever it stands in one resource; `{hex17:route}` is another one, named `route`.
`{url:host}` is the property without its scheme. `${...}` is no hole: clouds have templates of their own.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from lepton_infra.rehearsal.wire import UNKNOWN, Properties, Value, is_unknown, table

_HOLE: Final = re.compile(r"(?<!\$)\{([A-Za-z0-9_.]+)(?::([a-z]+))?\}")
_TOKEN: Final = re.compile(r"(hex|HEX|base|digits)(\d+)")
_ALPHABETS: Final = {
    "hex": "0123456789abcdef",
    "HEX": "0123456789ABCDEF",
    "base": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    "digits": "0123456789",
}


def fill(template: Value, values: Mapping[str, Value], seed: str) -> Value:
    """Fill every hole of a template, at any depth.

    A text that is one hole takes the value whatever its kind. With an unknown in any hole the text is unknown;
    with a hole that nothing fills, the property is absent (None).
    """
    if isinstance(template, dict):
        return {name: fill(item, values, seed) for name, item in template.items()}
    if isinstance(template, list):
        return [fill(item, values, seed) for item in template]
    return _filled(template, values, seed) if isinstance(template, str) else template


def _filled(template: str, values: Mapping[str, Value], seed: str) -> Value:
    holes = list(_HOLE.finditer(template))
    found = [_value(hole[1], hole[2] or "", values, seed) for hole in holes]
    if any(map(is_unknown, found)):
        return UNKNOWN
    if None in found or (len(holes) == 1 and holes[0][0] == template):
        return None if None in found else found[0]
    fillers = iter(found)
    return _HOLE.sub(lambda _: str(next(fillers)), template)


def _value(name: str, salt: str, values: Mapping[str, Value], seed: str) -> Value:
    if token := _TOKEN.fullmatch(name):
        return draw(f"{seed}/{salt}", _ALPHABETS[token[1]], int(token[2]))
    if name == "uuid":
        digits = draw(f"{seed}/uuid/{salt}", _ALPHABETS["hex"], 32)
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
    first, *path = name.split(".")
    value = values.get(first)
    for part in path:
        if is_unknown(value):
            return value
        value = value[int(part)] if isinstance(value, list) and part.isdigit() and int(part) < len(value) else table(value).get(part)
    return value.split("://")[-1] if salt == "host" and isinstance(value, str) else value


def draw(seed: str, alphabet: str, length: int) -> str:
    """Return a text that looks random and is always the same for the seed."""
    number = int.from_bytes(hashlib.shake_256(f"{seed}/{alphabet}".encode()).digest(length * 2))
    letters: list[str] = []
    for _ in range(length):
        number, index = divmod(number, len(alphabet))
        letters.append(alphabet[index])
    return "".join(letters)


def merge(under: Value, over: Value) -> Value:
    """Lay one value over another: objects by key, lists of equal length item by item; what lies over wins."""
    if isinstance(under, dict) and isinstance(over, dict):
        merged: Properties = dict(under)
        for name, item in over.items():
            merged[name] = merge(under[name], item) if name in under else item
        return merged
    if isinstance(under, list) and isinstance(over, list) and len(under) == len(over):
        return [merge(one, other) for one, other in zip(under, over, strict=True)]
    return under if over is None else over
