"""`ug.learn`: own networks and points become pages, and what a page cannot show is refused in words."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import underglass as ug
from underglass.errors import DataError, ModelError, UnderglassError

torch = pytest.importorskip("torch")
nn = torch.nn
KINDS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
SERIES = np.sin(np.arange(200) / 5) * 3 + 10


class Network(nn.Module):
    """A recurrent part and a head, in one of the ways people write it."""

    def __init__(self, kind, inputs=1, units=5, layers=2, *, batch_first=True, after=None, extra=None, **options):
        super().__init__()
        torch.manual_seed(0)
        self.body = kind(inputs, units, num_layers=layers, batch_first=batch_first, **options)
        self.out = nn.Linear(units, inputs)
        self.after, self.extra = after or (lambda y: y), extra or (lambda h: h)

    def forward(self, x):
        if x.ndim == 2:
            x = x[..., None]
        steps, _ = self.body(x)
        return self.after(self.out(self.extra(steps[:, -1] if self.body.batch_first else steps[-1])))


def state(explorable):
    return explorable.given["state"]


@pytest.mark.parametrize("cell", KINDS)
@pytest.mark.parametrize("batch_first", [True, False])
def test_the_weights_of_a_module_are_taken_as_they_are(cell, batch_first):
    net = Network(KINDS[cell], batch_first=batch_first)

    found = state(ug.learn.rnn(net, SERIES))

    assert found["config"] | {"series": None} == found["config"] | {
        "series": None, "cell": cell, "layers": 2, "units": 5, "head": "linear", "data": "series"
    }  # fmt: skip
    for one, parameter in zip(found["network"], net.parameters(), strict=True):
        assert one["shape"] == list(parameter.shape)
        np.testing.assert_allclose(one["value"], parameter.detach().numpy().ravel(), rtol=1e-8)
    assert [one["name"] for one in found["network"]][:4] == [
        f"cell.{k}_l0" for k in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    ]


@pytest.mark.parametrize(("after", "head"), [(torch.tanh, "tanh"), (torch.sigmoid, "sigmoid"), (None, "linear")])
def test_the_activation_after_the_head_is_found_by_running_the_module(after, head):
    assert state(ug.learn.rnn(Network(nn.GRU, after=after), SERIES))["config"]["head"] == head


@pytest.mark.parametrize("after", [None, lambda y: y.softmax(-1), lambda y: y.log_softmax(-1)], ids=["logits", "softmax", "log"])
def test_a_text_network_is_read_with_its_alphabet(after):
    net = Network(nn.LSTM, inputs=4, after=after)

    found = state(ug.learn.rnn(net, "abcabcabcabcabcabcabc", alphabet="abcd"))["config"]

    assert (found["alphabet"], found["text"], found["data"]) == (["a", "b", "c", "d"], "abcabcabcabcabcabcabc", "text")


def test_a_bare_recurrent_module_needs_its_head():
    body, head = nn.GRU(1, 3, batch_first=True), nn.Linear(3, 1)

    with pytest.raises(ModelError, match=r"give head=nn.Linear\(…\)"):
        ug.learn.rnn(body, SERIES)
    assert state(ug.learn.rnn(body, SERIES, head=head))["config"]["layers"] == 1


def test_a_module_without_biases_gets_zeros():
    found = state(ug.learn.rnn(Network(nn.RNN, bias=False), SERIES))

    assert found["network"][2] == {"name": "cell.bias_ih_l0", "shape": [5], "value": [0.0] * 5}


def test_the_module_is_left_in_its_mode_and_with_its_gradients():
    net = Network(nn.LSTM, dropout=0.5).train()

    ug.learn.rnn(net, SERIES)

    assert net.training
    assert net.body.training
    assert all(parameter.grad is None and parameter.requires_grad for parameter in net.parameters())


@pytest.mark.parametrize(
    ("net", "said"),
    [
        (Network(nn.LSTM, extra=lambda h: h * 1.1), "gives something else than its LSTM and its head on the last step"),
        (nn.Sequential(nn.Linear(1, 4), nn.ReLU()), r"nn.LSTM or nn.GRU; this module has 0 \(its parts: Linear, ReLU\)"),
        (Network(nn.RNN, nonlinearity="relu"), "an RNN with relu is not among the cells"),
        (Network(nn.GRU, units=65), "at most 7 layers of 64 units; this one has 2 of 65"),
        (Network(nn.GRU, inputs=3), "reads 3 numbers a step, but a series gives one value a step"),
        ("net.pt", "needs a torch.nn.Module, not str"),
    ],
)  # fmt: skip
def test_a_network_the_page_cannot_show_is_refused_with_the_reason(net, said):
    with pytest.raises(ModelError, match=said):
        ug.learn.rnn(net, SERIES)


def test_a_bidirectional_network_is_refused():
    with pytest.raises(ModelError, match="reads what is to be predicted"):
        ug.learn.rnn(nn.LSTM(1, 3, bidirectional=True), SERIES, head=nn.Linear(6, 1))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([1.0], "at least 20 values to learn what follows what, and this one has 1"),
        ([2.0] * 30, "all 30 values are 2"),
        ([*range(25), float("nan")], "value 25 of the series is not finite"),
        (np.zeros((30, 2)), r"one axis, \(n,\), not \(30, 2\)"),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", "one symbol only"),
        ("short", "at least 20 characters, and this one has 5"),
    ],
)
def test_data_that_cannot_be_continued_are_refused_in_words(data, said):
    with pytest.raises(DataError, match=said):
        ug.learn.rnn(Network(nn.LSTM), data)


def test_a_symbol_outside_the_alphabet_is_named():
    with pytest.raises(DataError, match="the text holds 'c', which is not in the alphabet"):
        ug.learn.rnn(Network(nn.LSTM, inputs=2), "abcabcabcabcabcabcabcabc", alphabet="ab")


def test_of_a_long_series_the_last_values_are_kept_and_said():
    explorable = ug.learn.rnn(Network(nn.RNN), np.sin(np.arange(5000)))

    assert state(explorable)["config"]["series"][-1] == pytest.approx(np.sin(4999))
    assert explorable.title == "RNN of 2 × 5 units, the last 2,000 of 5,000 values"


def test_a_page_carries_its_state_and_no_text_can_end_its_script(tmp_path: Path):
    text = "</script><b>&" * 3
    net = Network(nn.LSTM, inputs=len(set(text)))

    page = ug.learn.rnn(net, text).save(tmp_path / "deep/rnn.html").read_text(encoding="utf-8")

    inside = re.search(r'id="given">(.*?)</script>', page, re.S)
    assert inside is not None
    assert json.loads(inside.group(1))["state"]["config"]["text"] == text


def test_a_notebook_gets_a_frame_that_holds_the_page():
    shown = ug.learn.gan([[0.1, 0.2], [0.3, -0.4], [-0.5, 0.6]])._repr_html_()

    assert shown.startswith('<iframe title="&lt;Explorable gan: 3 points&gt;" sandbox="allow-scripts allow-downloads"')
    assert "allow-same-origin" not in shown.split("srcdoc")[0]


def test_points_that_cannot_be_learned_are_refused():
    with pytest.raises(DataError, match="at least three points"):
        ug.learn.gan([[1, 2]])


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")

    with pytest.raises(UnderglassError, match="the page cannot be written to"):
        ug.learn.gan(np.random.default_rng(0).normal(size=(9, 2))).save(tmp_path / "file/x.html")
