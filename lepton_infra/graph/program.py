"""The graph by running the program: no engine, no account, no network.

The program runs in a process of its own, in its own interpreter, beside our monitor (`monitor/`); what it registers comes here over a
socket. Whatever it does, it is over when the time is up: the process and all that it started are ended.
"""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Final, cast

from lepton_infra.errors import BadInput, Fault
from lepton_infra.graph.files import as_list, as_mapping, as_texts
from lepton_infra.graph.model import Graph, Position, Resource, ordered
from lepton_infra.graph.positions import nearest
from lepton_infra.graph.wire import decode_inputs

Answers = Callable[[str, Mapping[str, object], Mapping[str, object]], Mapping[str, object] | None]
"""Answers a data source: from its token, its arguments and its provider's settings, by wire name, to the result; None where it cannot.

Raises LookupError with a sentence where the question is a wrong one.
"""
_MONITOR: Final = Path(__file__).parent / "monitor"
_NO_SDK: Final = 33
"""As `monitor/__main__.py` says it."""
_SHOWN_LINES: Final = 20
_LINE_BYTES: Final = 2000
_READ_BYTES: Final = 1 << 16
_PATIENCE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Command:
    """How to start Python for a program or a package of components."""

    arguments: Sequence[str]
    """The interpreter, and for a package what it runs."""
    environment: Mapping[str, str]
    """The whole environment."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run."""

    project: str
    stack: str
    root: Path
    """The project's directory, absolute."""
    directory: Path
    """Where the program is run."""
    entry: Path
    """The file or folder to run."""
    python: Command
    """Its interpreter."""
    config: Mapping[str, str] = field(default_factory=dict[str, str])
    """Its settings, `namespace:key` to text."""
    secret_keys: Sequence[str] = ()
    """Keys of the settings that are secret."""
    plugins: Mapping[str, Command] = field(default_factory=dict[str, Command])
    """Packages of components in Python, by name."""


@dataclass(frozen=True, slots=True)
class Built:
    """What a program would build, and what it said."""

    graph: Graph
    """Its resources, parents and what is depended on first."""
    logged: tuple[str, ...]
    """Warnings and errors that it logged."""
    printed: tuple[str, ...]
    """What it printed, the first twenty lines, and how many more there were."""
    unanswered: tuple[str, ...]
    """Data sources that nobody answered: their results are unknown."""


class ProgramFault(BadInput):
    """A program did not get to its end.

    Attributes:
        trace: the whole traceback, for who wants it.
    """

    def __init__(self, faults: Sequence[Fault], trace: str = "") -> None:
        super().__init__(faults)
        self.trace = trace


@contextmanager
def run_program(program: Program, answers: Answers, *, seconds: float = 300.0) -> Generator["Running"]:
    """Start a program, and end it with all that it started when the block is left.

    ```python
    with run_program(program, answers) as running:
        graph = running.listen().graph
    ```

    Args:
        program: what to run.
        answers: answers its data sources.
        seconds: how long it may take.

    Raises:
        ProgramFault: it cannot be started.
    """
    deadline = time.monotonic() + seconds
    here, there = socket.socketpair()
    with here:
        with there:
            process = _start(program, there)
        child = _Child(process)
        reader = threading.Thread(target=child.drain, args=(process.stdout,), daemon=True)
        reader.start()
        try:
            running = Running(program, answers, child, here, deadline, seconds)
            running.tell_job()
            yield running
        finally:
            _end(process)
            # What left the group on purpose may keep the pipe open for ever.
            reader.join(_PATIENCE_SECONDS)


@dataclass(slots=True)
class _Child:
    """A program at work, and the end of what it printed."""

    process: subprocess.Popen[bytes]
    printed: list[bytes] = field(default_factory=list[bytes])
    lines: int = 0

    def drain(self, stream: IO[bytes]) -> None:
        """Keep the first lines and count the others: a program may print without end."""
        fresh = True
        with stream:
            while data := stream.readline(_LINE_BYTES):
                if fresh:
                    self.lines += 1
                    if len(self.printed) < _SHOWN_LINES:
                        self.printed.append(data.rstrip())
                fresh = data.endswith(b"\n")


def _start(program: Program, there: socket.socket) -> subprocess.Popen[bytes]:
    line = [*program.python.arguments, "-u", str(_MONITOR), str(there.fileno())]
    try:
        return subprocess.Popen(
            line,
            cwd=program.root,
            env=dict(program.python.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(there.fileno(),),
            process_group=0,
        )
    except OSError as error:
        where = str(program.python.arguments[0])
        raise ProgramFault([Fault(where, f"cannot be started ({error.strerror or error})", "the program's Python")]) from None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program with all that it started; what has said its last word is not waited for."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@dataclass(slots=True)
class Running:
    """A program at work."""

    program: Program
    answers: Answers
    child: _Child
    line: socket.socket
    deadline: float
    seconds: float
    resources: dict[str, Resource] = field(default_factory=dict[str, Resource])
    outputs: dict[str, Mapping[str, object]] = field(default_factory=dict[str, Mapping[str, object]])
    logged: list[str] = field(default_factory=list[str])
    unanswered: dict[str, None] = field(default_factory=dict[str, None])

    def tell_job(self) -> None:
        """Tell the program what it is; one that is gone already is heard of when it is listened to."""
        with suppress(OSError):
            self._tell(self._job())

    def listen(self) -> Built:
        """Hear the program out and return what it would build.

        Raises:
            ProgramFault: it raised, ended before its end, or took too long; with file and line where there are any.
        """
        pieces: list[bytes] = []
        while True:
            # Whole lines are taken together: cutting them off one by one would copy the rest as often.
            *lines, rest = b"".join(pieces).split(b"\n")
            for text in lines:
                if self._take(as_mapping(json.loads(text))):
                    return self._built()
            pieces = [rest] if rest else []
            pieces.append(self._receive())
            while b"\n" not in pieces[-1]:
                pieces.append(self._receive())

    def _job(self) -> Mapping[str, object]:
        program = self.program
        return {
            "project": program.project,
            "stack": program.stack,
            "organization": "organization",
            "root": str(program.root),
            "directory": str(program.directory),
            "entry": str(program.entry),
            "config": dict(program.config),
            "secret_keys": list(program.secret_keys),
            "plugins": {
                name: {"command": list(command.arguments), "environment": dict(command.environment)}
                for name, command in program.plugins.items()
            },
        }

    def _tell(self, record: Mapping[str, object]) -> None:
        self.line.sendall(json.dumps(record).encode() + b"\n")

    def _receive(self) -> bytes:
        left = self.deadline - time.monotonic()
        try:
            self.line.settimeout(max(left, 0.001))
            data = self.line.recv(_READ_BYTES)
        except TimeoutError:
            raise self._fault(
                "did not end", f"at most {self.seconds:g} s", "Look for a loop or a wait without end, or give --seconds"
            ) from None
        except OSError:
            data = b""
        if not data:
            raise self._broken_off()
        return data

    def _take(self, record: Mapping[str, object]) -> bool:
        """Take in a record, and say whether it was the last."""
        match record.get("kind"):
            case "resource":
                resource = _resource(record)
                self.resources[resource.urn] = resource
            case "outputs":
                self.outputs[str(record.get("urn"))] = decode_inputs(record.get("outputs"))
            case "invoke":
                self._answer(record)
            case "log":
                if record.get("severity") != "info":
                    self.logged.append(f"{record.get('severity')}: {record.get('message')}")
            case "fault":
                raise self._raised(record)
            case "end":
                return True
            case other:
                raise self._fault(f"wrote {str(other)[:40]!r} on the line to its monitor", "nothing but what Pulumi's SDK writes")
        return False

    def _answer(self, record: Mapping[str, object]) -> None:
        token = str(record.get("token"))
        try:
            answer = self.answers(token, as_mapping(record.get("arguments")), as_mapping(record.get("settings")))
        except (LookupError, TypeError, ValueError) as nothing:
            # Whatever stands in the question, the program is to hear of it, as it would from a cloud.
            self._tell({"failure": str(nothing.args[0]) if nothing.args else "nothing found"})
            return
        if answer is None:
            self.unanswered[token] = None
        self._tell({} if answer is None else {"return": dict(answer)})

    def _built(self) -> Built:
        declared = (self._with_outputs(resource) for resource in self.resources.values())
        graph = Graph(self.program.project, self.program.stack, nearest(ordered(declared)))
        return Built(graph, tuple(self.logged), self._printed(), tuple(sorted(self.unanswered)))

    def _with_outputs(self, resource: Resource) -> Resource:
        outputs = self.outputs.get(resource.urn)
        if outputs is None:
            return resource
        return replace(resource, outputs=outputs)

    def _printed(self) -> tuple[str, ...]:
        printed = [line.decode(errors="replace") for line in self.child.printed if line.strip()]
        more = self.child.lines - len(self.child.printed)
        return (*printed, *([f"… and {more} lines more"] if more > 0 else []))

    def _fault(self, given: str, allowed: str = "", remedy: str = "") -> ProgramFault:
        return ProgramFault([Fault(_relative(self.program.entry, self.program.root), given, allowed, remedy)])

    def _raised(self, record: Mapping[str, object]) -> ProgramFault:
        """Return the sentence about an exception in the program."""
        trace, message = str(record.get("trace", "")), str(record.get("message", "")).strip()
        place = f"{record.get('file')}:{record.get('line')}" if record.get("file") else _relative(self.program.entry, self.program.root)
        if record.get("plain") and message:
            # Raised to be read, often with a sentence for each fault.
            lines = [line.strip() for line in message.splitlines() if line.strip()]
            split = [(line.partition(": ")[0], line.partition(": ")[2]) for line in lines]
            return ProgramFault([Fault(head if rest else place, (rest or head).rstrip(".")) for head, rest in split], trace)
        first = message.partition("\n")[0]
        exception = str(record.get("exception"))
        given = "called sys.exit" if exception == "SystemExit" else f"raised {exception}"
        said = f"{given}: {first.rstrip('.')}" if first else given
        remedy = "Give --debug for the traceback"
        if self.unanswered:
            remedy += f"; nobody answers {', '.join(sorted(self.unanswered))} here, so give results by --answers"
        return ProgramFault([Fault(place, said, "a program that runs to its end", remedy)], trace)

    def _broken_off(self) -> ProgramFault:
        """Return the sentence about a program that ended without a word."""
        with suppress(subprocess.TimeoutExpired):
            self.child.process.wait(_PATIENCE_SECONDS)
        code = self.child.process.poll()
        if code == _NO_SDK:
            where = str(self.program.python.arguments[0])
            return ProgramFault(
                [Fault(where, "has no package pulumi", "the program's Python, with its requirements", "Run `pulumi install`")]
            )
        how = f"by signal {-code}" if code is not None and code < 0 else f"with exit code {code}"
        last = next((line.decode(errors="replace").strip() for line in reversed(self.child.printed) if line.strip()), "")
        said = f"; its last words were {last[:200]!r}" if last and code else ""
        return self._fault(f"broke off {how}{said}", "a program that runs to its end")


def _resource(record: Mapping[str, object]) -> Resource:
    parent, provider = record.get("parent"), record.get("provider")
    frames = as_list(record.get("frames"))
    first = as_list(frames[0]) if frames else []
    return Resource(
        urn=str(record["urn"]),
        type=str(record["type"]),
        name=str(record["name"]),
        parent=str(parent) if parent else None,
        custom=record.get("custom") is True,
        inputs=decode_inputs(record.get("inputs")),
        outputs={},
        dependencies=as_texts(record.get("dependencies")),
        protect=record.get("protect") is True,
        property_dependencies={name: as_texts(urns) for name, urns in as_mapping(record.get("propertyDependencies")).items()},
        provider=str(provider) if provider else None,
        aliases=as_texts(record.get("aliases")),
        ignore_changes=as_texts(record.get("ignoreChanges")),
        external=record.get("external") is True,
        position=Position(str(first[0]), cast("int", first[1])) if first else None,
    )


def _relative(path: Path, root: Path) -> str:
    file = path / "__main__.py" if path.is_dir() else path
    try:
        return file.relative_to(root).as_posix()
    except ValueError:
        return str(file)
