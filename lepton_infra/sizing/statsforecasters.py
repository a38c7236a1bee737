"""Forecasters of the library statsforecast, under the contract of `forecasters.py`: no hindsight, refitted daily, state kept by window.

The library is the extra `forecast`. Only those who ask for one of these load it, and nothing chooses one unasked: a plan must not depend
on what happens to be installed where it is made.
"""

import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, TypeAlias

import numpy as np

from lepton_infra.sizing.arrays import Floats

INSTALL: Final = "uv add 'lepton-infra[forecast]'"
"""What installs the library."""
NAMES: Final = ("autoarima", "autotheta", "mstl")
"""The forecasters, by the names that a stack file gives them."""
_LONGEST_SEASON: Final = 24
_LEAST_DAYS: Final = 3
_MOST_DAYS: Final = 28
_WEEK: Final = 7
_Fitted: TypeAlias = Callable[[Floats, int], Floats]


def installed() -> bool:
    """Say whether the library can be used."""
    return find_spec("statsforecast") is not None


def statsforecast_path(name: str, values: Floats, horizon: int, season: int) -> Floats:
    """Return what the named model says, at each window, of the one `horizon` later, as a forecaster of `forecasters.py` does.

    It is fitted at the first window of each day to the last `_MOST_DAYS` days known by then, and its state follows every window after.
    Until `_LEAST_DAYS` days are known it says that demand stays.
    """
    return _paths(name, values.tobytes(), -(-horizon // season) * season, season)[:, horizon - 1]


@lru_cache(maxsize=4)
def _paths(name: str, content: bytes, reach: int, season: int) -> Floats:
    """Return all horizons up to `reach` at once, shape `(n, reach)`: one fit serves them all."""
    values = np.frombuffer(content)
    out = np.repeat(values[:, None], reach, axis=1)
    with _quiet():
        for start in range(_LEAST_DAYS * season, len(values), season):
            first = max(start + 1 - _MOST_DAYS * season, 0)
            say = _MODELS[name](values[first : start + 1], season)
            for place in range(start, min(start + season, len(values))):
                said = say(values[first : place + 1], reach)
                # A fit that broke down says nothing of use; what stands there, that demand stays, is left.
                if np.isfinite(said).all():
                    out[place] = np.maximum(said, 0.0)
    return out


def _autoarima(known: Floats, season: int) -> _Fitted:
    """Choose and fit an ARIMA; seasonal where a day has few enough windows for that, by approximation there as R does from 12 on."""
    return _follow(_arima(season if season <= _LONGEST_SEASON else 1).fit(_moving(known)))


def _autotheta(known: Floats, season: int) -> _Fitted:
    return _follow(_models().AutoTheta(season_length=season).fit(_moving(known)))


def _mstl(known: Floats, season: int) -> _Fitted:
    """Take daily and, from two weeks on, weekly patterns away by STL and follow what is left with an ARIMA without season.

    Within the day after the fit the patterns are those of the fit: they repeat their last cycle.
    """
    lengths = [season, _WEEK * season] if len(known) >= 2 * _WEEK * season else [season]
    model = _models().MSTL(season_length=lengths, trend_forecaster=_arima(1)).fit(_moving(known))
    parts = [column for column in model.model_.columns if column.startswith("seasonal")]
    cycles = [np.asarray(model.model_[part])[-length:] for part, length in zip(parts, lengths, strict=True)]
    past = np.asarray(model.model_[parts].sum(axis=1))

    def say(values: Floats, reach: int) -> Floats:
        later = np.arange(len(values) - len(past) + reach)
        pattern = np.concatenate([past, np.sum([cycle[later % len(cycle)] for cycle in cycles], axis=0)])
        level = _follow(model.trend_forecaster)(values - pattern[: len(values)], reach)
        return level + pattern[len(values) :]

    return say


_MODELS: Final[dict[str, Callable[[Floats, int], _Fitted]]] = dict(zip(NAMES, (_autoarima, _autotheta, _mstl), strict=True))


def _follow(model: Any) -> _Fitted:  # noqa: ANN401 (the library has no types)
    return lambda values, reach: np.asarray(model.forward(_moving(values), reach)["mean"], dtype=np.float64)


def _arima(season: int) -> Any:  # noqa: ANN401 (the library has no types)
    return _models().AutoARIMA(season_length=season, approximation=season > 1)


def _models() -> Any:  # noqa: ANN401 (the library has no types)
    return import_module("statsforecast.models")


def _moving(values: Floats) -> Floats:
    return np.ascontiguousarray(values)


@contextmanager
def _quiet() -> Generator[None]:
    """Leave out what the library warns of, fits that do not converge above all: the misses say what a fit is worth."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
