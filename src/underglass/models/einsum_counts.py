"""How many products does an Einstein sum make?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def einsum_products(equation: str, shapes: Sequence[Sequence[Any]], number: Callable[[Any], int]) -> int:
    """One for each combination of all indices; 0 for a single operand, which multiplies nothing.

    Parameters
    ----------
    equation : such as ``"bij,bjk->bik"``; an ellipsis stands for the axes that all operands share.
    shapes : of the operands.
    number : what a size counts as.

    Examples
    --------
    >>> einsum_products("bij,bjk->bik", [(2, 3, 4), (2, 4, 5)], int)
    120
    """
    terms = equation.replace(" ", "").split("->")[0].split(",")
    if len(terms) < 2 or len(terms) != len(shapes):
        return 0
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        before, dots, after = term.partition("...")
        extra = len(shape) - len(before) - len(after) if dots else 0
        names = [*before, *(f".{extra - i}" for i in range(extra)), *after]
        for name, size in zip(names, shape, strict=False):
            sizes[name] = max(sizes.get(name, 1), number(size))
    products = 1
    for size in sizes.values():
        products *= size
    return products
