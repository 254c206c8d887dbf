"""``underglass info``: what is in a case, without opening a browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from underglass.hosts.commands.options import CasePath

if TYPE_CHECKING:
    from underglass.store import CaseFolder


def info(
    case: CasePath,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Say what is in a case: instances, classes, models, layers, edits, and whether its files are whole."""
    from underglass.hosts.commands.saying import columns, facts, out, warn
    from underglass.store import CaseFolder

    folder = CaseFolder.open(case)
    try:
        found = summary(folder)
    finally:
        folder.close()
    if as_json:
        typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
        return
    facts(
        [
            ("case", found["name"]),
            ("instances", f"{found['instances']:,} {found['kind']}s, {found['unlabelled']:,} without a label"),
            ("columns", ", ".join(found["columns"]) or "none of your own"),
            ("source", found["source"]),
            ("edits", f"{found['edits']:,}"),
            ("size", found["size"]),
            ("made", found["created"][:16].replace("T", " ") + " UTC"),
        ]
    )
    if found["classes"]:
        out().print()
        columns(["class", "instances"], [(name, f"{count:,}") for name, count in found["classes"].items()], numbers=[1])
    for model in found["models"]:
        out().print()
        stated = "" if model["accuracy_stated"] is None else f" · stated {model['accuracy_stated']:.1%}"
        captured = "no labels" if model["accuracy_captured"] is None else f"{model['accuracy_captured']:.1%}{stated}"
        facts(
            [
                ("model", model["name"]),
                ("accuracy", captured if model["done"] else "not finished"),
                ("pooling", ", ".join(model["pooling"])),
                ("made by", model["factory"] or "not known"),
                ("layers", ", ".join(f"{name} ({units:,})" for name, units in model["layers"].items())),
            ]
        )
        if not model["done"]:
            warn(f"the capture of {model['name']} is not finished: {model['shards_done']} of {model['shards']} parts are there.")
    for name, reason in found["skipped"][:10]:
        warn(f"left out: {name}, {reason}")
    for path in found["damaged"]:
        warn(f"{path} is not as it was written.")


def summary(folder: CaseFolder) -> dict[str, Any]:
    """What `info` says, as plain JSON."""
    import pyarrow.compute as pc

    from underglass.capture import size

    manifest = folder.manifest
    labels = folder.labels()
    counted = {name: int((labels == code).sum()) for code, name in enumerate(manifest.classes)}
    own = [name for name in folder.instances.column_names if name not in ("row", "id", "label", "split")]
    splits = folder.instances.column("split")
    root = manifest.source.get("root")
    models = [folder.model(name).record for name in folder.models]
    return {
        "name": folder.name,
        "kind": manifest.kind,
        "instances": manifest.instances,
        "unlabelled": int((labels < 0).sum()),
        "classes": counted,
        "splits": {str(one["values"]): int(one["counts"]) for one in pc.value_counts(splits.drop_null()).to_pylist()},
        "columns": own,
        "source": f"{manifest.source.get('reader', 'given')}{f' of {root}' if root else ''}",
        "created": manifest.created,
        "edits": len(folder.journal.edits()),
        "size": size(sum(one.stat().st_size for one in Path(folder.path).rglob("*") if one.is_file())),
        "skipped": [list(one) for one in manifest.skipped],
        "damaged": folder.verify(),
        "models": [
            {
                "name": record.name,
                "done": record.done,
                "shards_done": record.shards_done,
                "shards": record.shards,
                "accuracy_stated": record.accuracy_stated,
                "accuracy_captured": record.accuracy_captured,
                "pooling": list(record.pooling),
                "factory": record.factory,
                "layers": {layer.name: layer.units for layer in record.layers},
            }
            for record in models
        ],
    }
