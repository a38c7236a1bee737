"""A project as it is at a git ref: a copy to run, beside the checkout that lends its interpreter."""

import os
import subprocess
import tarfile
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lepton_infra.errors import BadInput, Fault

_DEEPEN: Final = "This clone is shallow: fetch the ref, or all with `git fetch --unshallow` (`fetch-depth: 0` of actions/checkout)"
WANTED: Final = "a graph that `lepton graph --json` wrote, or a branch, tag or commit of this repository"


@contextmanager
def checked_out(root: Path, ref: str) -> Generator[Path]:
    """Yield a copy of a directory as it is at a git ref; it is gone when the block is left.

    Raises:
        BadInput: the directory is in no git repository, the ref is none of it, or its files are not here.
    """
    top = _git(root, "rev-parse", "--show-toplevel")
    commit = commit_of(root, ref) if top else ""
    if not commit:
        given = (
            f"is '{ref}', neither a file nor a ref of this repository" if top else f"is '{ref}', no file, and {root} is in no repository"
        )
        shallow = top and _git(root, "rev-parse", "--is-shallow-repository") == "true"
        raise BadInput(Fault("--against", given, WANTED, _DEEPEN if shallow else ""))
    with tempfile.TemporaryDirectory(prefix="lepton-") as folder, tempfile.TemporaryFile() as packed:
        packing = ["git", "-C", top, "archive", "--format=tar", commit]
        if (ran := subprocess.run(packing, stdout=packed, stderr=subprocess.PIPE, text=True, check=False)).returncode:
            said = " ".join(ran.stderr.split())[:200]
            raise BadInput(
                Fault("--against", f"is '{ref}', which git cannot read ({said})", "a commit with all its files", "Fetch it whole")
            )
        packed.seek(0)
        copy = Path(folder).resolve()
        with tarfile.open(fileobj=packed) as archive:
            try:
                archive.extractall(copy, filter="data")
            except tarfile.FilterError as error:
                raise BadInput(
                    Fault("--against", f"is '{ref}', which cannot be unpacked ({error})", "a tree without links out of it")
                ) from None
        yield copy / root.relative_to(Path(top).resolve())


def commit_of(root: Path, ref: str) -> str:
    """Return the commit that a ref names; empty where it names none.

    A branch that was only fetched counts, as a checkout in CI has no other: `main` is then `origin/main`.
    """
    for name in (ref, f"origin/{ref}"):
        if commit := _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"):
            return commit
    return ""


def lacks(root: Path, ref: str, path: Path) -> bool:
    """Tell whether a commit is known to have no such file; not where the ref is none or its tree cannot be read.

    Args:
        root: a directory of the repository.
        ref: the commit.
        path: the file, as it would be under `root`.
    """
    commit = commit_of(root, ref)
    if not commit:
        return False
    ran = subprocess.run(
        ["git", "-C", root, "ls-tree", "--name-only", commit, "--", path.relative_to(root)], capture_output=True, text=True, check=False
    )
    return ran.returncode == 0 and not ran.stdout.strip()


def ahead(root: Path, ref: str) -> int:
    """Return how many commits a ref has that the checkout has not; 0 where nobody can tell."""
    commit = commit_of(root, ref)
    counted = _git(root, "rev-list", "--count", f"HEAD..{commit}") if commit else ""
    return int(counted) if counted.isdigit() else 0


def python_path(python: Path, here: Path, there: Path) -> str:
    """Return the PYTHONPATH under which an interpreter takes a project's own packages from a copy of its repository.

    Args:
        python: the interpreter, with packages of the project installed from its folders.
        here: the project's directory.
        there: the same directory in the copy.
    """
    top = Path(_git(here, "rev-parse", "--show-toplevel")).resolve()
    inside = here.relative_to(top)
    copy = there.parents[len(inside.parts) - 1] if inside.parts else there
    said = subprocess.run([python, "-Ic", "import sys; print(*sys.path, sep='\\n')"], capture_output=True, text=True, check=True).stdout
    own = [Path(line) for line in said.splitlines() if Path(line).is_relative_to(top)]
    venv = python.parent.parent
    twins = [str(copy / one.relative_to(top)) for one in own if not one.is_relative_to(venv) and (copy / one.relative_to(top)).is_dir()]
    return os.pathsep.join([*twins, *filter(None, [os.environ.get("PYTHONPATH", "")])])


def _git(root: Path, *arguments: str) -> str:
    """Return what git says; nothing where it says no or is not installed."""
    try:
        ran = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return ran.stdout.strip() if ran.returncode == 0 else ""
