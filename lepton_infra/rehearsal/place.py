"""Where a rehearsal keeps its things: a directory inside the project that git does not see."""

import fcntl
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lepton_infra.config import StackFile
from lepton_infra.errors import LeptonError

NAME = ".lepton"


@dataclass(frozen=True, slots=True)
class Place:
    """The directory of one stack's last rehearsal."""

    home: Path
    """Holds the engine's backend and logs, the pretend cloud and the exported state."""

    @property
    def cloud(self) -> Path:
        """Return the pretend cloud's database."""
        return self.home / "cloud.sqlite"

    @property
    def state(self) -> Path:
        """Return the exported deployment as it was when everything was up."""
        return self.home / "state.json"


@contextmanager
def place(stack_file: StackFile) -> Generator[Place]:
    """Yield an empty place for the stack; what the last rehearsal left there is gone.

    Raises:
        LeptonError: another rehearsal of the stack is running in this project.
    """
    root = stack_file.project.root / NAME
    root.mkdir(exist_ok=True)
    # The directory hides itself, so that no repository has to know of it.
    (root / ".gitignore").write_text("*\n", encoding="utf-8")
    home = root / stack_file.name
    with (root / f"{stack_file.name}.lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LeptonError(f"{stack_file.name}: is being rehearsed by another process. Wait for it, or stop it.") from None
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        yield Place(home)
