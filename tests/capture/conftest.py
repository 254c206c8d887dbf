"""Which cases do the captures' tests fill? Tiny ones, made anew for each test."""

import pytest
from tests.capture.cases import folder, instances, network

from underglass import models


@pytest.fixture
def data():
    return instances()


@pytest.fixture
def model():
    return models.torch(network(), preprocess=models.to_tensor, name="tiny", accuracy=0.5)


@pytest.fixture
def case(tmp_path, data):
    made = folder(tmp_path / "tiny.case", data)
    yield made
    made.close()
