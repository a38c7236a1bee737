"""The line to the process that asked: one JSON object per line, in both directions."""

import json
import os
import socket
import threading
from collections.abc import Mapping
from typing import cast


class Link:
    """This end of the line; threads may share it, a fork may not."""

    def __init__(self, descriptor: int) -> None:
        # What the program starts itself must not keep the line open.
        os.set_inheritable(descriptor, False)  # noqa: FBT003 (it takes no keywords)
        self._socket = socket.socket(fileno=descriptor)
        self._lines = self._socket.makefile("rb")
        self._writing = threading.Lock()
        self._asking = threading.Lock()
        os.register_at_fork(after_in_child=self._leave)

    def send(self, record: Mapping[str, object]) -> None:
        """Tell the other end something.

        Raises:
            RuntimeError: this process is a fork of the program.
        """
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        try:
            with self._writing:
                self._socket.sendall(line)
        except OSError as error:
            raise RuntimeError("only the program itself may build; a fork of it may not") from error

    def receive(self) -> dict[str, object]:
        """Wait for what the other end says.

        Raises:
            RuntimeError: it has gone away.
        """
        line = self._lines.readline()
        if not line:
            raise RuntimeError("whoever asked for this run has gone away")
        return cast("dict[str, object]", json.loads(line))

    def ask(self, record: Mapping[str, object]) -> dict[str, object]:
        """Tell the other end something and wait for its answer."""
        with self._asking:
            self.send(record)
            return self.receive()

    def _leave(self) -> None:
        # The locks may be held by a thread that this fork does not have.
        self._writing, self._asking = threading.Lock(), threading.Lock()
        os.close(self._socket.detach())
