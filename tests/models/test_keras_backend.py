"""Is Keras' backend the person's own choice, and one that is installed where none was made?"""

import os
import subprocess
import sys

import pytest

pytest.importorskip("h5py", reason='needs keras: pip install "underglass[keras]"')

ASK = """
import os
from underglass.errors import NotInstalled
from underglass.models.adapters import import_keras
try:
    print(import_keras().backend.backend(), os.environ.get("KERAS_BACKEND"))
except NotInstalled as error:
    print(error)
"""
MISSING = "Keras is set to a backend that needs jax, which is not installed: install it, or say KERAS_BACKEND=torch."


def answer(folder, **chosen):
    kept = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    environment = {**kept, **chosen, "KERAS_HOME": str(folder)}
    run = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_without_a_choice_one_that_is_there_is_taken_for_this_process_alone(tmp_path):
    assert answer(tmp_path) == "torch None"


def test_a_choice_that_is_not_installed_is_said(tmp_path):
    assert answer(tmp_path, KERAS_BACKEND="jax") == MISSING
