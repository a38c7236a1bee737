"""The executable `pulumi-language-python` of an engine that we built: a shell script that starts our language host.

The engine starts it from anywhere, under `lepton` and by hand. It takes the first of these that has lepton-infra: the Python in
LEPTON_PYTHON (set by `lepton` to the one that runs it), the one that wrote the script, the active virtual environment, python3.
"""

import shlex
import sys
from pathlib import Path

from lepton_infra.config.files import write_aside

NAME = "pulumi-language-python"

_SCRIPT = """\
#!/bin/sh
# The language host of lepton-infra for Pulumi programs in Python. Written by `lepton engine install`.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
for python in "${{LEPTON_PYTHON:-}}" {python} "${{VIRTUAL_ENV:-/nowhere}}/bin/python" python3; do
    if [ -n "$python" ] && command -v "$python" >/dev/null 2>&1 &&
        "$python" -P -c 'import importlib.util as i, sys; sys.exit(not (i.find_spec("lepton_infra") and i.find_spec("pulumi")))' 2>/dev/null
    then
        exec "$python" -P -m lepton_infra.engine.host --executor "$here/pulumi-language-python-exec" "$@"
    fi
done
echo "pulumi-language-python: no Python with lepton-infra was found. Run \\`lepton engine install\\`, or set LEPTON_PYTHON." >&2
exit 1
"""


def script(python: Path) -> str:
    """Return the text of the launcher that prefers the given interpreter."""
    return _SCRIPT.format(python=shlex.quote(str(python)))


def write(directory: Path) -> None:
    """Write the launcher for the running interpreter, or leave it where it is right already.

    Raises:
        OSError: the directory cannot be written.
    """
    path = directory / NAME
    text = script(Path(sys.executable))
    if not path.is_file() or path.read_text(errors="replace") != text:
        write_aside(path, text)
    path.chmod(0o755)
