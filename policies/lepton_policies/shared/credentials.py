"""Credentials in text that everybody reads who may describe a machine: start scripts, environment variables, definitions."""

import base64
import binascii
import re
import zlib
from typing import Final

from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict
from lepton_infra.rules.view import View

_KINDS: Final = {
    "an AWS access key": r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    "an AWS secret key": r"(?i)aws_secret_access_key\W{1,5}[A-Za-z0-9/+=]{40}",
    "a Hugging Face token": r"\bhf_[A-Za-z0-9]{30,}\b",
    "an NVIDIA API key": r"\bnvapi-[\w-]{20,}",
    "a GitHub token": r"\b(gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{60,})\b",
    "a private key": r"-----BEGIN ([A-Z]+ )*PRIVATE KEY-----",
    "a Weights & Biases key": r"(?i)\bWANDB_API_KEY\W{1,5}[0-9a-f]{40}\b",
    "an API key of a model service": r"\bsk-(ant-|proj-)?[\w-]{20,}",
    "a Slack token": r"\bxox[abprs]-[\w-]{10,}",
    "a Google API key": r"\bAIza[\w-]{35}\b",
}
"""What credentials look like, by the forms that their makers document so that scanners find them."""
_PATTERNS: Final = {kind: re.compile(pattern) for kind, pattern in _KINDS.items()}
_BASE64: Final = re.compile(r"\A[A-Za-z0-9+/\s]{16,}={0,2}\s*\Z")
_MOST_BYTES: Final = 1_000_000
"""No more than this of a start script is looked at, unpacked: clouds take 16 to 256 kB."""
_GZIP: Final = b"\x1f\x8b"


def holds_credential(view: View) -> Verdict:
    """Return whether text holds a credential, as it stands, in base64, or in base64 of gzip; the fact names its kind and never the text."""
    text = view.raw_value()
    if text is UNKNOWN:
        return view.undecided_because()
    if not isinstance(text, str):
        return view.fail_because("holds no text")
    for form in (text[:_MOST_BYTES], _unpacked(text[:_MOST_BYTES])):
        for kind, pattern in _PATTERNS.items():
            if pattern.search(form):
                return view.pass_because(f"holds what looks like {kind}")
    return view.fail_because("holds no credential")


def _unpacked(text: str) -> str:
    """Return what base64 text holds, unzipped; nothing where it is none."""
    if not _BASE64.match(text):
        return ""
    try:
        raw = base64.b64decode("".join(text.split()), validate=True)
        if raw.startswith(_GZIP):
            raw = zlib.decompressobj(wbits=31).decompress(raw, _MOST_BYTES)
    except (binascii.Error, ValueError, zlib.error):
        return ""
    return raw.decode("utf-8", errors="replace")
