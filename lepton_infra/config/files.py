"""Writing files whole or not at all."""

import os
import tempfile
from pathlib import Path


def write_aside(path: Path, content: str | bytes) -> None:
    """Write the file beside its place and move it there, so that no reader ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        aside = Path(name)
        aside.chmod(0o644)
        aside.replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
