"""What is each operation of an ONNX graph called, and in which module of the original code does it stand?"""

from __future__ import annotations

import re
from ast import literal_eval
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PureWindowsPath
from typing import Any

from underglass.models.onnx_constants import Analysis
from underglass.models.onnx_scopes import ROLE, scopes_of_weights

NUMBERED = re.compile(r"[a-z]{0,5}_?\d+")
"""A name that a converter made up: it tells nothing."""
SCOPES, CLASSES, TRACE = (f"pkg.torch.onnx.{word}" for word in ("name_scopes", "class_hierarchy", "stack_trace"))
LINE = re.compile(r'File "([^"]+)", line (\d+)|([\w./\\<>-]+\.py)\((\d+)\)')
WRITTEN_BY_TORCH = ("torch/", "site-packages")


@dataclass(frozen=True)
class Named:
    """One operation's names.

    Parameters
    ----------
    name : unique in its graph.
    path : dotted path of the module in which it stands, its own name last.
    line : "file.py:12" of the original code, "" if the file does not keep it.
    """

    name: str
    path: str
    line: str


def name_nodes(analysis: Analysis) -> list[Named]:
    """A name for each node that is left, in order.

    Its own if it tells something; else that of its weights without their role; else that of its output; else its type and
    a number. Modules are those that an exporter wrote into names or metadata.
    """
    own = Counter(node.name for node in analysis.nodes)
    outputs = Counter(_plain(name) for node in analysis.nodes for name in node.output)
    scoped = any("/" in node.name.strip("/") for node in analysis.nodes)
    taken: set[str] = set()
    numbers: Counter[str] = Counter()
    found: list[Named] = []
    told = scoped or any(SCOPES in _metadata(node) for node in analysis.nodes)
    blocks = [""] * len(analysis.nodes) if told else scopes_of_weights(analysis)
    for node, block in zip(analysis.nodes, blocks, strict=True):
        numbers[node.op_type] += 1
        output = next((name for name in node.output if name), "")
        candidates = (
            _plain(node.name) if own[node.name] == 1 and not NUMBERED.fullmatch(node.name) else "",
            _of_weights(analysis, node),
            _plain(output) if outputs[_plain(output)] == 1 and not NUMBERED.fullmatch(output) else "",
            f"{node.op_type}_{numbers[node.op_type]}",
        )
        name = next((one for one in candidates if one and one not in taken), "") or f"{node.op_type}_{len(found)}"
        taken.add(name)
        path = f"{block}.{name.replace('.', '_')}" if block else _path(node, name, scoped)
        found.append(Named(name, path, _line(node)))
    return found


def module_classes(nodes: Sequence[Any], paths: Sequence[str]) -> dict[str, str]:
    """Every module that paths stand in → its class where the file keeps it, else ``Block``, in order of appearance."""
    classes: dict[str, str] = {}
    for node, path in zip(nodes, paths, strict=True):
        parts = path.split(".")[:-1]
        told = _metadata(node)
        scopes, kinds = _listed(told.get(SCOPES, "")), _listed(told.get(CLASSES, ""))
        known = dict(zip(scopes, (str(kind).rpartition(".")[2] for kind in kinds), strict=False))
        for i in range(1, len(parts) + 1):
            scope = ".".join(parts[:i])
            classes.setdefault(scope, known.get(scope, "Block"))
    return classes


def _path(node: Any, name: str, scoped: bool) -> str:
    scopes = [one for one in _listed(_metadata(node).get(SCOPES, "")) if one]
    if len(scopes) > 1:
        return f"{scopes[-2]}.{name.replace('.', '_')}"
    if not scoped or "/" not in node.name.strip("/"):
        return name
    parts: list[str] = []
    for part in node.name.strip("/").split("/"):
        before = ".".join(parts)
        shorter = part.removeprefix(f"{before}.")
        parts += (shorter.removeprefix(f"{parts[-1]}.") if parts else shorter).split(".")
    return ".".join(parts)


def _of_weights(analysis: Analysis, node: Any) -> str:
    """The name that the weights of a node share, such as ``conv1`` of ``conv1_w_0`` and ``conv1_b_0``."""
    stems = {ROLE.sub("", name) for name in analysis.parameters_of(node)}
    stem = _plain(stems.pop()) if len(stems) == 1 else ""
    return "" if NUMBERED.fullmatch(stem) or stem in analysis.weights else stem


def _plain(name: str) -> str:
    return name.strip("/")


def _metadata(node: Any) -> Mapping[str, str]:
    return {one.key: one.value for one in node.metadata_props}


def _listed(text: str) -> list[str]:
    try:
        found = literal_eval(text) if text else []
    except (ValueError, SyntaxError):
        return []
    return [str(one) for one in found] if isinstance(found, list) else []


def _line(node: Any) -> str:
    """The innermost line of the original code outside the framework, as torch's exporters keep it."""
    told = _metadata(node).get(TRACE, "") or node.doc_string
    places = [(a or c, b or d) for a, b, c, d in LINE.findall(told)]
    own = [(file, number) for file, number in places if not any(part in file for part in WRITTEN_BY_TORCH)]
    if not own:
        return ""
    file, number = own[-1] if TRACE in _metadata(node) else own[0]
    return f"{PureWindowsPath(file).name}:{number}"  # which splits at both kinds of slashes
