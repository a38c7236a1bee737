"""Names as pictures show them: on one line, without what steers a terminal or is no character of XML, and not too long."""

from typing import Final

_LONGEST: Final = 80


def clean(text: str, longest: int = _LONGEST) -> str:
    """Return the text without control and other invisible characters, cut with an ellipsis where it is longer than `longest`."""
    seen = " ".join("".join(letter if letter.isprintable() else " " for letter in text[: longest * 4]).split())
    return seen if len(seen) <= longest else f"{seen[: longest - 1]}…"
