"""A series' figures as words, the same on the terminal and on the page."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lepton_infra.sizing.describe import Cycle, Description

_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def facts(found: "Description") -> list[tuple[str, str]]:
    """Return what there is to say, each with its word."""
    from lepton_infra.sizing.units import UNIT_NAMES

    unit = UNIT_NAMES[found.unit]
    span = int((found.end - found.start).total_seconds())
    said = [
        ("span", f"{length(span)}, {found.start:%Y-%m-%d %H:%M} to {found.end:%Y-%m-%d %H:%M} UTC"),
        ("step", f"{length(found.step_seconds)}, {found.steps:,} steps"),
        *((f"{cycle.name} cycle", _cycle(cycle)) for cycle in found.cycles),
        ("gaps", _gaps(found)),
        ("mean", f"{figure(found.mean)} {unit}"),
        ("peak", f"{figure(found.peak)} {unit} at {found.peak_at:%Y-%m-%d %H:%M} UTC"),
        ("peak to mean", f"{found.peak_to_mean:.2f}" if found.peak_to_mean is not None else "no demand at all"),
    ]
    if found.burst:
        burst = found.burst
        inside = f"within {burst.window_seconds} s the busiest second has {burst.median:.2f} times the requests of the mean one"
        said.append(("bursts", f"{inside} in half of the windows, {burst.p95:.2f} in one of twenty, {burst.most:.2f} at most"))
    if found.tenants:
        lost = f"{found.lost:,} steps are gaps because only some were recorded" if found.lost else "no step lost to gaps of some alone"
        said.append(("tenants", f"{len(found.tenants)}, summed; {lost}"))
    return said


def figure(value: float | None) -> str:
    """Return a number in four digits, or nothing."""
    return "" if value is None else f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"  # noqa: PLR2004 (four digits)


def length(seconds: int) -> str:
    """Return a length of time in its largest unit, with one decimal where it is not whole."""
    size, word = next(pair for pair in _UNITS if seconds >= pair[0] or pair[0] == 1)
    text = f"{seconds / size:.1f}".removesuffix(".0")
    return f"{text} {word}" if text == "1" else f"{text} {word}s"


def _cycle(cycle: "Cycle") -> str:
    if cycle.strength is None:
        return f"{cycle.verdict}: {cycle.cycles:.1f} cycles recorded, 3 needed"
    return f"{cycle.verdict} (autocorrelation {cycle.strength:.2f} over {cycle.cycles:.1f} cycles)"


def _gaps(found: "Description") -> str:
    gaps = found.gaps
    if not gaps.longest_at:
        return "none"
    share = f"{gaps.steps / found.steps:.1%} of the steps"
    return f"{gaps.count:,}, {share}; the longest is {length(gaps.longest_seconds)} from {gaps.longest_at:%Y-%m-%d %H:%M} UTC"
