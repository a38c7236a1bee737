"""Property paths as Pulumi writes them: `scalingConfig.maxSize`, `ingress[0].cidrBlocks`, `tags["a.b"]`."""

import re
from typing import Final

_INDEX: Final = re.compile(r"\[[^\]]*\]")
_PLAIN: Final = re.compile(r"[A-Za-z_$][\w$]*")


def dotted(path: str) -> str:
    """Return a path without its indices, as data about types spell it."""
    return _INDEX.sub("", path)


def under(path: str, name: str) -> str:
    """Return the path of a property of what stands at a path; empty is the resource itself."""
    if not _PLAIN.fullmatch(name):
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'{path}["{quoted}"]'
    return f"{path}.{name}" if path else name
