"""Explorables from Python: your own points in GAN Lab, your own small recurrent network in exploRNN.

::

    ug.learn.gan(points)                   # (n, 2): a generator learns them in the page
    ug.learn.rnn(lstm, series)             # your torch module, with its weights, gate by gate
    ug.learn.rnn(net, "a text", alphabet="…").save("mine.html")

Each gives an `Explorable`: in a notebook it draws itself, elsewhere ``show()`` opens it and ``save()`` writes one HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from underglass.learn.explorable import Explorable

__all__ = ["Explorable", "gan", "rnn"]


def gan(points: Any, *, seed: int = 1) -> Explorable:
    """Open own points in GAN Lab: a generator learns to make more of them.

    Parameters
    ----------
    points : (n, 2) finite numbers; scaled into the square if they leave it, at most 600 of them kept, evenly spaced.
    seed : decides the weights and every draw.

    Raises
    ------
    DataError
        If they are not at least three different finite points.

    Examples
    --------
    >>> gan([[0.1, 0.2], [0.3, -0.4], [-0.5, 0.6]])
    <Explorable gan: 3 points>
    """
    from underglass.learn.points import packed

    words = f"v=1&shape=own&points={packed(points)}&seed={int(seed)}"
    return Explorable("gan", {"explorable": "gan", "words": words}, f"{len(points)} points")


def rnn(module: Any, data: Any, *, head: Any = None, alphabet: Sequence[str] | None = None) -> Explorable:
    """Open a small torch RNN, LSTM or GRU in exploRNN: its weights, its states, every gate on your data.

    The module must do what the page shows: one ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU`` (one direction, at most 7 layers of at most
    64 units), and one ``nn.Linear`` on the last step, which says the next value or symbol; tanh, sigmoid or softmax may follow.
    It is run on the data, and refused if what it gives differs from what these parts give.

    Parameters
    ----------
    module : the network, or its recurrent part alone with ``head``. Left as it is.
    data : (n,) values as the module reads them, or a text. At least 20; of more than 2,000 the last are kept.
    head : the ``nn.Linear`` after a bare recurrent module.
    alphabet : the symbols of a text in the order of the module's inputs; by default those of the text, sorted.

    Raises
    ------
    ModelError
        If the module is not such a network, or does more than the page can show.
    DataError
        If there is nothing to continue in the data, or the module cannot read them.
    NotInstalled
        If torch is missing.
    """
    from underglass.learn.sequences import series_of, text_of
    from underglass.models.recurrent import read_recurrent

    found = text_of(data, alphabet) if isinstance(data, str) else series_of(data)
    network = read_recurrent(module, head=head, windows=found.windows, text=found.alphabet is not None)
    config = {
        "data": "series" if found.alphabet is None else "text",
        "series": found.values if found.alphabet is None else [],
        "text": "" if found.alphabet is None else found.text,
        "alphabet": found.alphabet,
        "cell": network.cell,
        "layers": network.layers,
        "units": network.units,
        "head": network.head,
    }
    state = {
        "format": "underglass.rnn",
        "version": 1,
        "config": config,
        "epoch": 0,
        "updates": 0,
        "pristine": False,
        "random": [1, 2, 3, 4],
        "network": network.parameters,
        "optimiser": {"name": "rmsprop", "steps": 0, "memory": []},
    }
    title = f"{network.cell.upper()} of {network.layers} × {network.units} units, {found.said}"
    return Explorable("rnn", {"explorable": "rnn", "state": state, "said": f"Your own network: {title}."}, title)
