"""The server: prints its port, answers until the engine goes, and leaves nothing behind."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from pulumi.runtime.proto.language_pb2_grpc import add_LanguageRuntimeServicer_to_server

from lepton_infra.engine.host.children import Children
from lepton_infra.engine.host.service import LanguageHost

_MESSAGE_BYTES = 400 * 1024 * 1024
"""The longest message, as in Pulumi's own SDKs."""
_THREADS = 64
"""A run and each policy pack or plugin hold a thread as long as they last."""
_PARENT_SECONDS = 1.0
"""How often to look whether the engine still lives."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until the engine interrupts us or dies, then end every child and leave without a word."""
    parser = argparse.ArgumentParser(prog="pulumi-language-python")
    parser.add_argument("--executor", type=Path, required=True, help="the script pulumi-language-python-exec")
    parser.add_argument("engine", nargs="?", default="", help="address of the engine")
    known, _ = parser.parse_known_args(arguments)
    if not known.executor.is_file():
        sys.exit(f"pulumi-language-python: {known.executor} does not exist; it comes with the engine. Run `lepton engine install`.")
    _serve(known.executor, known.engine)


def _serve(executor: Path, engine_address: str) -> None:
    # Read before anybody can know our port: an engine that dies at once would otherwise leave us with another parent unnoticed.
    parent = os.getppid()
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: ending.set())
    children = Children()
    options = [("grpc.max_receive_message_length", _MESSAGE_BYTES), ("grpc.max_send_message_length", _MESSAGE_BYTES)]
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=options)
    add_LanguageRuntimeServicer_to_server(LanguageHost(executor, engine_address, children), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while not ending.wait(_PARENT_SECONDS):
        if os.getppid() != parent:
            break
    children.close()
    server.stop(grace=None).wait(1)
    # Threads that still serve a call would keep the interpreter alive; their children are gone.
    os._exit(0)
