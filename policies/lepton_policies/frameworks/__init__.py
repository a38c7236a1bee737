"""Control frameworks as data: a file each, and no rule knows of them.

Titles are our own; the numbers of controls come from where each file says.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

FOLDER: Final[Traversable] = files(__name__)
"""The files; the entry point `lepton.frameworks` names it."""
