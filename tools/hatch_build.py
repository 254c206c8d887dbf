"""Build hook: put the browser half into the wheel, so that installing it needs no Node."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class BrowserHalf(BuildHookInterface):  # type: ignore[type-arg]
    """Runs Vite unless the bundle is newer than its sources, or there are no sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build ``src/underglass/static`` when the wheel needs it."""
        root = Path(self.root)
        bundle, sources = root / "src/underglass/static/app.js", root / "web" / "src"
        if version == "editable" or not sources.is_dir():
            return
        newest = max(file.stat().st_mtime for file in sources.rglob("*") if file.is_file())
        if bundle.exists() and bundle.stat().st_mtime >= newest:
            return
        node = _load(root / "tools" / "node.py")
        for arguments in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            if node.run(*arguments):
                raise RuntimeError(f"npm {' '.join(arguments)} failed; its output is above")


def _load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("node", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
