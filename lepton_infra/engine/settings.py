"""A stack's settings as the engine is to see them in a rehearsal: a copy, so that the user's file is never written.

The engine keeps the salt of its secrets in the stack's file (`encryptionsalt`) and writes it there at the first chance. The copy
carries a salt of its own. Secrets of the user's file can be read only with the user's key; where it is not at hand,
each takes a placeholder's value, so that the program runs and nothing that is secret is asked for.
The file is edited as a tree of YAML nodes: every scalar keeps its spelling, because Python and Go disagree about words like `yes`.
"""

from typing import TYPE_CHECKING, cast

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from lepton_infra.errors import BadInput, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

PLACEHOLDER = "secret-not-read-in-rehearsal"
"""What stands in for a secret."""

_SALT = "encryptionsalt"
_KEYS = (_SALT, "secretsprovider", "encryptedkey")
_TEXT = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"


def salt_of(text: str, where: str) -> str:
    """Return the salt in a stack's settings, or nothing.

    Raises:
        BadInput: the text is not YAML.
    """
    return next((value.value for key, value in _root(text, where).value if key.value == _SALT and isinstance(value, ScalarNode)), "")


def without_secrets(text: str, salt: str, where: str) -> str:
    """Return the settings with another salt, no secrets provider, and placeholders for secrets.

    Raises:
        BadInput: the text is not YAML, or no mapping.
    """
    root = _root(text, where)
    root.value = [(key, _open(value)) for key, value in root.value if key.value not in _KEYS]
    if salt:
        root.value.append((ScalarNode(_TEXT, _SALT), ScalarNode(_TEXT, salt)))
    root.flow_style = False
    write = cast("Callable[..., str]", yaml.serialize)  # pyright: ignore[reportUnknownMemberType] (the stub leaves the node untyped)
    return write(root, Dumper=yaml.SafeDumper, allow_unicode=True, width=2**31)


def _root(text: str, where: str) -> MappingNode:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{where}:{mark.line + 1}" if mark else where
        raise BadInput(Fault(place, "is not YAML", "YAML as Pulumi writes it", "Correct the line")) from None
    if root is None or (isinstance(root, ScalarNode) and root.tag == _NULL):
        return MappingNode("tag:yaml.org,2002:map", [])
    if not isinstance(root, MappingNode):
        raise BadInput(Fault(where, "holds no mapping", "a mapping with `config`"))
    return root


def _open(node: Node) -> Node:
    """Put the placeholder for each `secure: …` below the node."""
    if isinstance(node, MappingNode):
        if [key.value for key, _ in node.value] == ["secure"]:
            return ScalarNode(_TEXT, PLACEHOLDER)
        node.value = [(key, _open(value)) for key, value in node.value]
    elif isinstance(node, SequenceNode):
        node.value = [_open(value) for value in node.value]
    return node
