"""Is every layer put to the operation whose value it is?"""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason='needs torch: pip install "underglass[torch]"')

from torch import nn  # noqa: E402

from networks import Encoder, ResNet, Tagger, UNet  # noqa: E402
from underglass import models  # noqa: E402
from underglass.architecture.graph import ModelGraph  # noqa: E402
from underglass.architecture.layers import operations_of_layers  # noqa: E402


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.block, self.between = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 4)), nn.Tanh()
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.block(self.between(self.block(x))))


CASES = [
    (
        lambda: ResNet(),
        np.zeros((3, 32, 32), np.float32),
        {"layer1.0": "layer1.0.relu:2", "layer2": "layer2.3.relu:2", "fc": "fc"},
    ),
    (lambda: UNet((8, 16)), np.zeros((3, 16, 16), np.float32), {"down.0": "down.0.3", "up.1": "up.1", "middle": "middle.3"}),
    (
        lambda: Encoder(2),
        np.zeros(64, np.int64),
        {"encoder": "encoder.layers.1.norm2", "encoder.layers.0": "encoder.layers.0.norm2"},
    ),
    (lambda: Tagger(), np.zeros(20, np.int64), {"embed": "embed", "lstm.0": "lstm"}),
    (lambda: Twice(), np.zeros(4, np.float32), {"block:0": "block.2", "block:1": "block.2:1", "block.1:1": "block.1:1"}),
]


@pytest.mark.parametrize(("make", "example", "expected"), CASES)
def test_layers_are_put_to_operations_of_the_same_shape(make, example, expected):
    model = models.torch(make().eval(), preprocess=torch.as_tensor)
    layers = model.layers([example])
    graph = model.graph([example])

    found = operations_of_layers(graph, [layer.name for layer in layers])

    assert {name: found.get(name) for name in expected} == expected
    assert set(found) == {layer.name for layer in layers}
    for layer in layers:
        sizes = [np.prod(shape) for shape in graph.by_id[found[layer.name]].shapes]  # of one instance, wherever its axis is
        assert np.prod(layer.shape) in sizes, layer.name


def test_a_graph_that_went_through_a_file_is_the_same():
    import json

    graph = models.torch(Tagger().eval(), preprocess=torch.as_tensor).graph([np.zeros(9, np.int64)])

    assert ModelGraph.from_json(json.loads(json.dumps(graph.as_json()))) == graph
    with pytest.raises(ValueError, match="this is no model graph"):
        ModelGraph.from_json({"operations": [{}]})
