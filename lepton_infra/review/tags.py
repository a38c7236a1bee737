"""What the sections of the HTML page share: texts that stay texts, names, and what is left out of a list."""

from html import escape
from typing import Final

from lepton_infra.graph.model import Resource
from lepton_infra.review.words import line

SHOWN: Final = 500
"""Rows of one list: a page with more is not read, and opens slowly on a phone."""


def text(said: str) -> str:
    """Return a text with nothing in it that a browser takes for markup."""
    return escape(line(said))


def named(resource: Resource) -> str:
    """Return a resource's name and type."""
    return f"<b>{text(resource.name)}</b> <small>{text(resource.type)}</small>"


def rest(count: int) -> str:
    """Return how many rows are left out; empty where none is."""
    return f"<p>and {count - SHOWN:,} more</p>" if count > SHOWN else ""
