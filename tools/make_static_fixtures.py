"""Write what DuckDB answers to the queries of the exported page's conformance suite, for the tests of the browser half."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATH = ROOT / "web/src/hosts/static/fixtures/conformance.json"

if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tests"))
    from hosts.static.queries import written

    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(written(), encoding="utf-8")
