"""Names as people write them: `8xh100`, `rtx pro 6000`, `us-*`."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from itertools import takewhile


def plain(word: str) -> str:
    """Return the name without case, blanks and marks: `RTX PRO 6000` and `rtxpro6000` are one."""
    return re.sub(r"[^a-z0-9]", "", word.casefold())


def nearest(word: str, words: Iterable[str], limit: int = 3) -> list[str]:
    """Return the names most like the word, most like first; ties by the longer common beginning, then in alphabetical order."""
    given = plain(word)

    def unlike(other: str) -> tuple[float, int, str]:
        ratio = SequenceMatcher(None, given, plain(other), autojunk=False).ratio()
        return -ratio, -sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(given, plain(other), strict=False))), other

    return sorted(set(words), key=unlike)[:limit]


def listed(words: Iterable[str], joint: str = "or") -> str:
    """Return `a, b or c`."""
    every = list(words)
    return f" {joint} ".join((", ".join(every[:-1]), every[-1])) if len(every) > 1 else "".join(every)
