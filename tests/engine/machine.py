"""A machine of which we know what is on PATH: stand-ins for `pulumi` and `go` that are real programs."""

from pathlib import Path

PINNED = "3.259.0"

# Stands in for go: tells packages, takes its time to build, and writes a `pulumi` that tells its version.
GO = """\
#!/bin/sh
echo "$1 $$" >> "{notes}"
case "$1 $*" in
list*-m*) echo "{sdk}" ;;
list*) echo "go: downloading example.com/a v1.0.0" >&2; echo example.com/a; echo example.com/b ;;
build*)
    while [ "$1" != "-o" ]; do shift; done
    echo example.com/a >&2
    {work}
    printf '#!/bin/sh\\necho v{version}\\n' > "$2"
    chmod 755 "$2" ;;
esac
"""


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


class Machine:
    """A machine of which we know what is on PATH."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "path"
        self.cache = root / "cache" / "lepton-infra" / "engine"
        self.notes = root / "notes"

    def pulumi(self, says: str, *, host: bool = True) -> None:
        executable(self.path / "pulumi", f"#!/bin/sh\n{says}\n")
        if host:
            executable(self.path / "pulumi-language-python", "#!/bin/sh\n")

    def go(self, work: str = "", version: str = PINNED) -> None:
        sdk = self.root / "sdk"
        executable(sdk / "python" / "cmd" / "pulumi-language-python-exec", "#!/bin/sh\n")
        executable(sdk / "python" / "dist" / "pulumi-resource-pulumi-python", "#!/bin/sh\n")
        executable(self.path / "go", GO.format(notes=self.notes, sdk=sdk, work=work, version=version))

    def builds(self) -> list[int]:
        """Return the process ids of the builds that were begun."""
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        return [int(line.split()[1]) for line in lines if line.startswith("build")]

    def staging(self) -> list[Path]:
        return [path for path in self.cache.iterdir() if path.name not in {PINNED, ".lock"}]
