"""Property paths as Pulumi writes them: `scalingConfig.maxSize`, `ingress[0].cidrBlocks`, `tags["a.b"]`."""

import re
from typing import Final

_INDEX: Final = re.compile(r"\[[^\]]*\]")
_STEP: Final = re.compile(r'\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|([^.\[\]]+)')
_ESCAPED: Final = re.compile(r"\\(.)")
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


def within(path: str, above: str) -> bool:
    """Tell whether a path is another one or lies below it; `*` in the other stands for any one step."""
    own, others = _steps(path), _steps(above)
    return len(own) >= len(others) > 0 and all(other in ("*", step) for step, other in zip(own, others, strict=False))


def _steps(path: str) -> list[str]:
    return [_ESCAPED.sub(r"\1", found[1]) if found[1] is not None else found[2] or found[3] for found in _STEP.finditer(path)]
