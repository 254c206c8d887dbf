"""Run every benchmark, each in a process of its own, and write the table.

``python -m benchmarks`` runs all; ``python -m benchmarks patterns projection`` runs some and keeps the last rows of the others.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.data import CACHE

HERE = Path(__file__).resolve().parent
TABLE = HERE.parent / "docs" / "benchmarks.md"
KEPT = CACHE / "rows.json"
VERSIONS = (
    "numpy",
    "scipy",
    "numba",
    "pyarrow",
    "duckdb",
    "hdbscan",
    "scikit-learn",
    "umap-learn",
    "torch",
    "cleanlab",
    "fairlearn",
)
VERSIONS += ("divexplorer", "networkx", "pandas", "playwright", "netron", "torchview", "visualtorch", "torchvista")


def main(wanted: list[str]) -> int:
    modules = sorted(path.stem for path in HERE.glob("*.py") if "\ndef run(" in path.read_text(encoding="utf-8"))
    if unknown := set(wanted) - set(modules):
        print(f"no benchmark named {', '.join(sorted(unknown))}. Known: {', '.join(modules)}.", file=sys.stderr)
        return 2
    kept = json.loads(KEPT.read_text()) if wanted and KEPT.exists() else {}
    failed = False
    for module in wanted or modules:
        print(f"{module} …", flush=True)
        kept[module] = _measured(module)
        for row in kept[module]["rows"]:
            print("  " + " | ".join(_cells(row)), flush=True)
        failed |= "error" in kept[module]
        CACHE.mkdir(parents=True, exist_ok=True)
        KEPT.write_text(json.dumps(kept))
        TABLE.write_text(_page({name: kept[name] for name in modules if name in kept}), encoding="utf-8")
    print(f"wrote {TABLE.relative_to(HERE.parent)}")
    return int(failed)


def _measured(module: str) -> dict[str, Any]:
    """The rows of one module, run in a process of its own, and when and under what load they were measured."""
    when = {"date": datetime.datetime.now(datetime.UTC).date().isoformat(), "load": os.getloadavg()[0]}
    with tempfile.NamedTemporaryFile(suffix=".json") as answer:
        code = f"import json; from benchmarks import {module} as b; json.dump(b.run(), open({answer.name!r}, 'w'), default=float)"
        done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=HERE.parent, check=False, stderr=subprocess.PIPE)
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
            return when | {"rows": [], "error": lines[-1]}
        return when | {"rows": json.loads(Path(answer.name).read_text())}


def _cells(row: dict[str, Any]) -> list[str]:
    peer = f"{row['peer_seconds']:.3g} s" if row["peer_seconds"] is not None else "–"
    ours = f"{row['our_seconds']:.3g} s" if row["our_seconds"] is not None else str(row["ours"])
    ratio = f"{row['ratio']:.3g} ×" if row["ratio"] is not None else "–"
    return [row["capability"], row["peer"], peer, ours, ratio, row["bar"], "yes" if row["met"] else "**no**", row["note"]]


def _page(kept: dict[str, dict[str, Any]]) -> str:
    lines = [
        "# Benchmarks",
        "",
        "Every capability against what one would use instead, on the same data, in turns, after the answers were asserted to be",
        "the same; medians of five runs (three where one takes longer than ten seconds). Trust ratios, not seconds. `make bench`",
        "writes this page. A checkout brings most peers; `pip install --group bench` brings Netron, torchview, visualtorch and",
        "torchvista, and a row says which peer was missing.",
        "",
        f"Machine: {_processor()}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB, {platform.system()}.",
        f"Versions: Python {platform.python_version()}, {', '.join(_versions())}.",
        "",
        "| capability | peer | peer takes | ours takes | ratio | bar | met | note |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for measured in kept.values():
        lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in _cells(row)) + " |" for row in measured["rows"]]
    lines += ["", "Measured: " + "; ".join(f"{name} {on['date']} (load {on['load']:.1f})" for name, on in kept.items()) + "."]
    lines += [f"\n**{name} failed:** {measured['error']}" for name, measured in kept.items() if "error" in measured]
    return "\n".join(lines) + "\n"


def _versions() -> list[str]:
    installed = {
        name.lower(): version
        for d in importlib.metadata.distributions()
        if (name := d.metadata["Name"]) and (version := d.version)
    }
    return [f"{name} {installed[name]}" for name in VERSIONS if name in installed]


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        named = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        return named[0] if named else platform.machine()
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
