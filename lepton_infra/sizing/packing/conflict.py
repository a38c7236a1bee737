"""The smallest set of limits that cannot all be kept.

Sets of smallest size come from hitting sets (Ignatiev, Previti, Liffiton and Marques-Silva, "Smallest MUS extraction with minimal hitting
set dualization", CP 2015): guess a smallest set that meets every known way out; if it conflicts it is the answer, if not, whatever had to
be lifted beside it is one more way out.
"""

from collections.abc import Callable, Iterable
from itertools import combinations


def smallest_conflict(names: Iterable[str], possible: Callable[[frozenset[str]], bool]) -> tuple[str, ...]:
    """Return the smallest set of names that is not possible together; of several always the same one.

    Args:
        names: what may conflict, all together not possible.
        possible: whether these can all hold; a part of a possible set must be possible.

    Returns:
        The names, in the order given; all of them where they turn out to be possible together after all.
    """
    order = tuple(names)
    exits: list[frozenset[str]] = []
    while True:
        guess = _hitting(order, exits)
        if not possible(frozenset(guess)):
            return guess
        held = set(guess)
        for name in order:
            if name not in held and possible(frozenset(held | {name})):
                held.add(name)
        if len(held) == len(order):
            return order
        exits.append(frozenset(order) - held)


def _hitting(order: tuple[str, ...], exits: list[frozenset[str]]) -> tuple[str, ...]:
    """Return a smallest set that has a name of each exit."""
    wanted = [name for name in order if any(name in one for one in exits)]
    for size in range(len(wanted) + 1):
        for guess in combinations(wanted, size):
            if all(one.intersection(guess) for one in exits):
                return guess
    return order
