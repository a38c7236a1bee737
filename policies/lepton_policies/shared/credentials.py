"""Credentials in text that everybody reads who may describe a machine: start scripts, environment variables, definitions.

A credential is known by what it looks like, and a variable's value by the variable's name as well: `POSTGRES_PASSWORD` opens a door
whatever its value looks like.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from typing import Final

from lepton_infra.rules.values import UNKNOWN
from lepton_infra.rules.verdict import Verdict, none_of
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

_TELLING: Final = re.compile(
    r"(\A|_)(API_?KEY|ACCESS_?KEY(_ID)?|SECRET(_?ACCESS)?_?KEY|PRIVATE_?KEY|AUTH_?KEY|LICEN[CS]E_?KEY|ENCRYPTION_?KEY|SIGNING_?KEY"
    r"|MASTER_?KEY|ACCOUNT_?KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE)\Z",
    re.IGNORECASE,
)
"""Names of variables whose value opens a door."""
_VOCABULARY: Final = re.compile(r"\A(BOS|EOS|PAD|UNK|SEP|CLS|MASK|STOP|IMAGE|SPECIAL)_TOKEN\Z", re.IGNORECASE)
"""Tokens of a vocabulary."""
_HARMLESS: Final = re.compile(
    r"\A\s*\Z|\A(\$\(\w+\)|\$\{\w+\})\Z|\A(/|\./|file:|https?://[^@]*\Z)|\A(true|false|none|null|empty|unused|\d{1,4})\Z"
    r"|\A(arn:aws[a-z-]*:(secretsmanager|ssm):|projects/[^/]+/secrets/|@Microsoft\.KeyVault\(|secretref:)",
    re.IGNORECASE,
)
"""Nothing, another variable, a path to a file, an address without a password, a switch, a count, a word that servers take for no key
(`EMPTY`, vLLM's own examples), or the name of a secret in a store."""


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


def is_secret(name: View | str, value: View) -> Verdict:
    """Return whether a variable's value is a secret: it looks like one, or the variable's name says so and its value is a literal."""
    known = name.raw_value() if isinstance(name, View) else name
    if known is UNKNOWN and isinstance(name, View):
        return holds_credential(value) | name.undecided_because()
    text = value.raw_value()
    telling = isinstance(known, str) and _TELLING.search(known) is not None and not _VOCABULARY.match(known)
    if telling and isinstance(text, str) and not _HARMLESS.search(text):
        return value.pass_because("is a literal, and the name of its variable says that it is a secret")
    return holds_credential(value)


def secrets_in(variables: View) -> Iterator[Verdict]:
    """Iterate over whether the values of a map of variables are secrets; an unknown map may hold any."""
    if variables.raw_value() is UNKNOWN:
        yield variables.undecided_because()
    yield from (is_secret(name, value) for name, value in variables.map_items())


def no_secret_among(entries: View) -> Verdict:
    """Return whether no variable of a list of names and values has a secret for its value; one whose value comes from a store has none."""
    return none_of(is_secret(entry.name, entry.value) for entry in entries)


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
