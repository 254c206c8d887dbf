"""Is the room cheap to enter?"""

import subprocess
import sys


def test_importing_the_analyses_compiles_and_loads_nothing_heavy():
    heavy = {"numba", "sklearn", "scipy", "hdbscan", "umap", "torch", "pandas"}
    code = f"import sys, underglass.analyses; print(sorted({heavy} & set(sys.modules)))"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said.strip() == "[]"
