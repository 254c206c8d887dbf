"""Write web/src/runtime/wire.ts from src/underglass/wire.py; with --check, fail when it would change."""

from __future__ import annotations

import sys
import types
import typing
from pathlib import Path
from typing import Any, Literal, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "web" / "src" / "runtime" / "wire.ts"
HEADER = "// What crosses between Python and the browser. Generated from src/underglass/wire.py by `make types`; do not edit.\n"
PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null", Any: "unknown"}


def typescript(kind: Any) -> str:
    """The TypeScript spelling of a Python annotation."""
    if kind in PLAIN:
        return PLAIN[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " | ".join(f'"{value}"' for value in arguments)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(typescript(argument) for argument in arguments)
    if origin is list:
        inner = typescript(arguments[0])
        return f"({inner})[]" if "|" in inner else f"{inner}[]"
    if origin is tuple:
        return f"[{', '.join(typescript(argument) for argument in arguments)}]"
    if origin is dict:
        return f"Record<string, {typescript(arguments[1])}>"
    if is_typeddict(kind):
        return kind.__name__
    raise TypeError(f"no TypeScript spelling for {kind!r}")


def generate() -> str:
    """The whole file."""
    sys.path.insert(0, str(ROOT / "src"))
    from underglass import wire

    parts = [HEADER]
    for name, value in vars(wire).items():
        if get_origin(value) is Literal:
            parts.append(f"export type {name} = {typescript(value)};\n")
        elif is_typeddict(value):
            hints = get_type_hints(value, include_extras=True)
            lines = [f"/** {(value.__doc__ or '').strip()} */", f"export interface {name} {{"]
            for field, kind in hints.items():
                optional = get_origin(kind) is NotRequired
                inner = get_args(kind)[0] if optional else kind
                lines.append(f"  {field}{'?' if optional else ''}: {typescript(inner)};")
            parts.append("\n".join([*lines, "}\n"]))
    return "\n".join(parts)


def main() -> int:
    text = generate()
    if "--check" not in sys.argv:
        TARGET.write_text(text)
        return 0
    if TARGET.exists() and TARGET.read_text() == text:
        return 0
    print(f"{TARGET.relative_to(ROOT)} is not up to date with src/underglass/wire.py: run make types")
    return 1


if __name__ == "__main__":
    sys.exit(main())
