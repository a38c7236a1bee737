"""Words and names as a line of text has them, for every room that speaks to a person."""


def counted(count: int, noun: str) -> str:
    """Return a number of things in words: `1 rule`, `1,002 resources`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def printable(text: str) -> str:
    """Return the text with what would steer a terminal, or is no letter of UTF-8, written out."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
