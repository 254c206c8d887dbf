"""Which operations of an ONNX graph without modules belong to one block, as far as the names of weights say it?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from underglass.models.onnx_constants import Analysis
from underglass.models.onnx_file import taken_by

ROLE = re.compile(
    r"([._/](weight|bias|kernel|gamma|beta|w|b|s|scale|mean|var|variance|running_mean|running_var|embeddings?|riv|rm)(_\d+|:\d+)?)$",
    re.I,
)
"""What a weight is to its layer, at the end of its name."""
NUMBERED_BLOCK = re.compile(r"([a-zA-Z]+\d+_\d+)_.")
STAGE = re.compile(r"([a-zA-Z]+\d+)_\d+$")


def scopes_of_weights(analysis: Analysis) -> list[str]:
    """Dotted path of the block that each node stands in, "" for none.

    A weighted operation stands where the names of its weights say: ``conv2_1/x1_w_0`` in ``conv2.conv2_1``,
    ``res2_0_branch2a_w_0`` in ``res2.res2_0``. What has no weights stands with what it takes; after a fork, with what takes it.
    """
    heads = _heads([_stem(analysis, node) for node in analysis.nodes])
    often = Counter(head for head in heads if head)
    own = [head if head and often[head] > 1 else "" for head in heads]
    maker = {name: place for place, node in enumerate(analysis.nodes) for name in node.output if name}
    sources = [[maker[name] for name in taken_by(node) if name in maker] for node in analysis.nodes]
    takers: list[list[int]] = [[] for _ in analysis.nodes]
    for place, some in enumerate(sources):
        for source in dict.fromkeys(some):
            takers[source].append(place)
    meets = _meetings(own, heads, sources)
    ahead = _ahead(own, heads, takers, meets)
    found: list[str] = []
    for place, some in enumerate(sources):
        if heads[place]:
            found.append(own[place])
        elif place in meets:
            found.append(meets[place])
        elif not some:
            found.append("")
        elif len(takers[some[0]]) > 1 and ahead[place]:
            found.append(ahead[place])
        elif "Pool" in analysis.nodes[place].op_type and ahead[place] != found[some[0]]:
            found.append("")  # between two blocks, of neither
        else:
            found.append(found[some[0]])
    return [_staged(one) for one in found]


def _stem(analysis: Analysis, node: object) -> str:
    names = sorted(analysis.parameters_of(node))
    return ROLE.sub("", names[0]).strip("/") if names else ""


def _heads(stems: Sequence[str]) -> list[str]:
    """The block that a name begins with; the name itself for one that stands alone, "" where there are no weights."""
    parts = [stem.split("/") for stem in stems]
    firsts = {one[0] for one in parts if one[0]}
    if len(firsts) == 1 and all(len(one) > 1 for one in parts if one[0]):
        parts = [one[1:] if one[0] else one for one in parts]
    with_parts = {one[0] for one in parts if len(one) > 1}
    heads = []
    for one in parts:
        block = NUMBERED_BLOCK.match(one[0])
        heads.append(block[1] if block is not None and one[0] not in with_parts else one[0])
    return heads


def _meetings(own: Sequence[str], heads: Sequence[str], sources: Sequence[Sequence[int]]) -> dict[int, str]:
    """Blocks of what joins branches: that of most branches, of equally many the latest."""
    last: list[str] = []
    found: dict[int, str] = {}
    for place, some in enumerate(sources):
        different = list(dict.fromkeys(some))
        if heads[place] or len(different) < 2:
            last.append(own[place] if heads[place] else last[some[0]] if some else "")
            continue
        often = Counter(last[source] for source in different)
        found[place] = last[max((often[last[source]], source) for source in different)[1]]
        last.append(found[place])
    return found


def _ahead(own: Sequence[str], heads: Sequence[str], takers: Sequence[Sequence[int]], meets: Mapping[int, str]) -> list[str]:
    """For each node the one block of all weighted operations and meetings after it; "" if there are several."""
    found: list[str] = [""] * len(own)
    for place in range(len(own) - 1, -1, -1):
        if heads[place] or place in meets:
            found[place] = meets.get(place, own[place])
        else:
            after = {found[taker] for taker in takers[place]}
            found[place] = after.pop() if len(after) == 1 else ""
    return found


def _staged(scope: str) -> str:
    stage = STAGE.match(scope)
    return f"{stage[1]}.{scope}" if stage is not None else scope
