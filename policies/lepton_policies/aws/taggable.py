"""The list of types that take tags, read from the installed `pulumi_aws` without importing it: all of it takes minutes.

`python -m lepton_policies.aws.taggable` writes `taggable.txt` anew.
"""

import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

LIST: Final = Path(__file__).with_name("taggable.txt")
"""The list, one type token a line, sorted."""
_TOKEN: Final = re.compile(r"super\(\w+, __self__\)\.__init__\(\s*'(aws:[\w/-]+:\w+)'")
_TAGS: Final = re.compile(r"^\s+tags: pulumi\.Input\[(.*)$", re.MULTILINE)


def scan(sdk: Path) -> list[str]:
    """Return the tokens of all resource types in an SDK whose `tags` are a map, sorted."""
    found: set[str] = set()
    for path in sdk.rglob("*.py"):
        if path.name.startswith(("_", "get_")):
            continue
        text = path.read_text(encoding="utf-8")
        token, tags = _TOKEN.search(text), _TAGS.search(text)
        if token and tags and "Mapping[str" in tags.group(1):
            found.add(token.group(1))
    return sorted(found)


def installed_sdk() -> Path | None:
    """Return the directory of the installed `pulumi_aws`, or None."""
    spec = find_spec("pulumi_aws")
    return Path(spec.origin).parent if spec is not None and spec.origin is not None else None


def main() -> int:
    """Write the list; return the exit code."""
    sdk = installed_sdk()
    if sdk is None:
        sys.stderr.write("pulumi_aws: is not installed; any version 7. Install it beside lepton-policies.\n")
        return 2
    LIST.write_text("\n".join(scan(sdk)) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
