"""Which layers of a flat model belong to one block, as far as their names say it?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

WORD = r"(?:block|stage|layer|stack|unit|cell|module|encoder|decoder)"
NESTED = re.compile(rf"(?P<outer>[a-zA-Z_]*?\d+)_(?P<inner>{WORD}_?\d+[a-z]?)[_/]")
SINGLE = re.compile(rf"(?P<outer>(?:[a-zA-Z]+_)*?{WORD}_?\d+[a-z]?)[_/]")


def scoped(names: Sequence[str]) -> dict[str, str]:
    """Each name → its dotted path, the blocks it stands in before it.

    A block needs two layers at least. Names without such words stand alone.

    Examples
    --------
    >>> scoped(["conv1", "conv2_block1_1_conv", "conv2_block1_add"])["conv2_block1_add"]
    'conv2.conv2_block1.conv2_block1_add'
    """
    outers = {name: _scopes(name) for name in names}
    often = Counter(scope for scopes in outers.values() for scope in scopes)
    return {name: ".".join([*(scope for scope in scopes if often[scope] > 1), name]) for name, scopes in outers.items()}


def _scopes(name: str) -> list[str]:
    if "." in name:
        return []
    nested = NESTED.match(name)
    if nested is not None:
        return [nested["outer"], f"{nested['outer']}_{nested['inner']}"]
    single = SINGLE.match(name)
    if single is None:
        return []
    rest = name[single.end() :]
    inner = SINGLE.match(rest)
    outer = single["outer"]
    return [outer, f"{outer}_{inner['outer']}"] if inner is not None else [outer]
