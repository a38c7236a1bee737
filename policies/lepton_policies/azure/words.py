"""Words of Azure's API: it takes them in any case and gives them back in its own."""

import re
from functools import lru_cache

from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import View

_BOUNDS = r"\A\s*(?:{})\s*\Z"


def means(view: View, *words: str) -> Verdict:
    """Return whether text is one of the words, in any case: `allow` is `Allow`."""
    return view.text_matches(_pattern(words))


@lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> "re.Pattern[str]":
    return re.compile(_BOUNDS.format("|".join(map(re.escape, words))), re.IGNORECASE)
