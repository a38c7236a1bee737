"""Fetching from a feed: time limits, size limits, retries with back-off, and no step off the site that was asked."""

import datetime as dt
import email.utils
import http.client
import json
import socket
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Final

_CHUNK: Final = 1 << 20
_BUSY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers that another try may change."""


class FeedFault(Exception):  # noqa: N818 (it is what a feed is at fault with, not an error of ours)
    """A feed did not answer, or not with what its format says; the message is the cause."""


class NoRegionFault(FeedFault):
    """A feed has no region that fits what was asked."""


class _Busy(Exception):  # noqa: N818 (says what the site is)
    def __init__(self, cause: str, wait: float | None = None) -> None:
        super().__init__(cause)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Client:
    """How patiently a feed is asked."""

    seconds: float = 20.0
    """Longest silence of a site."""
    deadline_seconds: float = 900.0
    """Longest time for one answer."""
    attempts: int = 4
    """Tries of one address."""
    longest_wait: float = 60.0
    """Longest pause between tries; a site that asks for more has said no."""
    largest_page: int = 64 << 20
    """Most bytes of a JSON answer."""
    largest_file: int = 2 << 30
    """Most bytes of a price list; AWS's of EC2 in us-east-1 has some hundred megabytes."""
    pause: Callable[[float], None] = time.sleep
    """How to wait."""

    def json(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return a JSON object.

        Raises:
            FeedFault: no answer, an error, a truncated or too large answer, or no JSON object.
        """
        with self.file(url, headers, self.largest_page) as file:
            try:
                answer = json.load(file)
            except (ValueError, RecursionError):
                raise FeedFault("answered with something that is not JSON") from None
        if not isinstance(answer, dict):
            raise FeedFault("answered with JSON that is no object")
        return answer  # pyright: ignore[reportUnknownVariableType] (JSON: whoever reads it looks)

    @contextmanager
    def file(self, url: str, headers: Mapping[str, str] | None = None, largest: int | None = None) -> Generator[IO[bytes]]:
        """Yield the whole answer as a temporary file, so that a broken one can be asked for again before any of it is read.

        Raises:
            FeedFault: no answer, an error, or a truncated or too large answer.
        """
        with tempfile.TemporaryFile() as file:
            for attempt in range(1, self.attempts + 1):
                file.seek(0)
                file.truncate()
                try:
                    self._copy(url, headers or {}, file, largest or self.largest_file)
                    break
                except _Busy as busy:
                    wait = min(2.0**attempt, self.longest_wait) if busy.wait is None else busy.wait
                    if attempt == self.attempts or wait > self.longest_wait:
                        raise FeedFault(str(busy)) from None
                    self.pause(wait)
            file.seek(0)
            yield file

    def _copy(self, url: str, headers: Mapping[str, str], file: IO[bytes], largest: int) -> None:
        request = urllib.request.Request(url, headers={"User-Agent": "lepton-infra", "Accept-Encoding": "identity", **headers})  # noqa: S310 (`within` lets no other scheme in)
        try:
            with urllib.request.urlopen(request, timeout=self.seconds) as answer:  # noqa: S310 (likewise)
                _fill(file, answer, largest, time.monotonic() + self.deadline_seconds)
        except urllib.error.HTTPError as error:
            with error:
                cause, wait = f"answered {error.code} {error.reason}".strip(), retry_after(error.headers.get("Retry-After"))
            raise (_Busy(cause, wait) if error.code in _BUSY else FeedFault(cause)) from None
        except urllib.error.URLError as error:
            # Where there is no network, trying again only takes longer to say so.
            raise FeedFault(f"cannot be reached ({_why(error.reason)})") from None
        except (TimeoutError, http.client.HTTPException, OSError) as error:
            raise _Busy(f"broke off ({_why(error)})") from None


def within(base: str, link: object) -> str:
    """Return the address that a feed points at, where it stays on the site that was asked.

    Raises:
        FeedFault: it leads elsewhere: to another host, or to a file.
    """
    here = urllib.parse.urlsplit(base)
    try:
        joined = urllib.parse.urljoin(base, link) if isinstance(link, str) else ""
        there = urllib.parse.urlsplit(joined)
    except ValueError:
        joined, there = "", urllib.parse.urlsplit("")
    if (here.scheme, here.netloc) != (there.scheme, there.netloc):
        raise FeedFault(f"points at {str(link)[:80]!r}, which is not on {here.netloc}")
    return joined


def retry_after(header: str | None) -> float | None:
    """Return how many seconds to wait by a Retry-After header (RFC 9110 10.2.3: seconds, or a date), or None without one."""
    if not header:
        return None
    if header.strip().isascii() and header.strip().isdigit():
        return float(header[:12])
    try:
        then = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    then = then if then.tzinfo else then.replace(tzinfo=dt.UTC)
    return max(0.0, (then - dt.datetime.now(dt.UTC)).total_seconds())


def _fill(file: IO[bytes], answer: http.client.HTTPResponse, largest: int, deadline: float) -> None:
    said = answer.headers.get("Content-Length", "")
    size = int(said) if said.isascii() and said.isdigit() else None
    if size is not None and size > largest:
        raise FeedFault(f"answers with {size:,} bytes, more than the {largest:,} that are read")
    read = 0
    while chunk := answer.read(_CHUNK):
        read += len(chunk)
        if read > largest:
            raise FeedFault(f"answers with more than the {largest:,} bytes that are read")
        if time.monotonic() > deadline:
            raise FeedFault("takes too long to answer")
        file.write(chunk)
    # Reading in pieces, http.client does not say that an answer ended before its time.
    if size is not None and read < size:
        raise _Busy(f"broke off after {read:,} of {size:,} bytes")


def _why(reason: object) -> str:
    if isinstance(reason, socket.gaierror):
        return "its name is not known here"
    return str(reason) or type(reason).__name__
