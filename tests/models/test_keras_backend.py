"""Is Keras' backend the person's own choice, and one that is installed where none was made?"""

import os
import subprocess
import sys

import pytest

pytest.importorskip("h5py", reason='needs keras: pip install "underglass[keras]"')

ASK = """
import os
from underglass.models.adapters import import_keras
print(import_keras().backend.backend(), os.environ.get("KERAS_BACKEND"))
"""


@pytest.mark.parametrize(("chosen", "expected"), [(None, "torch None"), ("numpy", "numpy numpy")])
def test_the_backend_is_the_chosen_one_or_one_that_is_there(chosen, expected, tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    environment |= {"KERAS_BACKEND": chosen} if chosen else {}
    environment["KERAS_HOME"] = str(tmp_path)

    run = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True)

    assert run.stdout.strip().endswith(expected)
