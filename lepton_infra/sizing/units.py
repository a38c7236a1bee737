"""Units of demand: what people call them, in prose, in headers and in rows."""

import re
from typing import Final

from lepton_infra.config.model import Unit

UNIT_NAMES: Final[dict[Unit, str]] = {
    "requests_per_second": "requests/s",
    "input_tokens_per_second": "input tokens/s",
    "output_tokens_per_second": "output tokens/s",
    "concurrent_gpus": "GPUs",
    "bytes_per_second": "bytes/s",
    "bytes": "bytes",
}
"""Units as people say them."""
_SHORT: Final[dict[Unit, tuple[str, ...]]] = {
    "requests_per_second": ("rps", "qps"),
    "input_tokens_per_second": ("input_tps", "prompt_tokens_per_second"),
    "output_tokens_per_second": ("output_tps", "generated_tokens_per_second"),
    "concurrent_gpus": ("gpus",),
    "bytes_per_second": (),
    "bytes": (),
}
"""Words that a column's name may end in; none for bytes by second, because `bps` is bits to most people."""
_WORDS: Final[dict[str, Unit]] = {
    "req/s": "requests_per_second",
    "1/s": "requests_per_second",
    "gpu": "concurrent_gpus",
    "b/s": "bytes_per_second",
    **{name.casefold().replace(" ", "_"): unit for unit, name in UNIT_NAMES.items()},
}
_SUFFIXES: Final[dict[str, Unit]] = {word: unit for unit, words in _SHORT.items() for word in (unit, *words)}


def unit_of(text: str) -> Unit | None:
    """Return the unit that a word means, or None."""
    word = re.sub(r"[\s_]+", "_", text.strip().casefold())
    return _SUFFIXES.get(word) or _WORDS.get(word)


def unit_in(name: str) -> Unit | None:
    """Return the unit that a column's name ends in, as in `rate_rps`, or None."""
    return next((unit for suffix, unit in _SUFFIXES.items() if name == suffix or name.endswith(f"_{suffix}")), None)


def known_units() -> str:
    """Return the units to choose from, for a message."""
    words = [f"{unit} ({short[0]})" if short else unit for unit, short in _SHORT.items()]
    return f"{', '.join(words[:-1])} or {words[-1]}"
