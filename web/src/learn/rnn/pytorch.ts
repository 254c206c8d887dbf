// How does a trained network leave the page? As one Python file: its weights, its module, and what it says to the sample on screen.
import type { RnnFrame, RnnState } from "./trainer";

const MODULES = { rnn: "RNN", lstm: "LSTM", gru: "GRU" } as const;
const number = (value: number) => Number(value.toPrecision(9));

/** Runs with torch alone; prints the predictions that the page shows. Weights are kept to nine digits, which float32 needs. */
export function pytorchCode(state: RnnState, frame: RnnFrame): string {
  const { config, network } = state;
  const text = frame.symbols.length > 0;
  const width = text ? frame.symbols.length : 1;
  const kind = MODULES[config.cell];
  const after = text ? "" : config.head === "linear" ? "" : `.${config.head}()`;
  const weights = network
    .map(({ name, shape, value }) => `    "${name}": (${JSON.stringify(shape)}, ${JSON.stringify(value.map(number))}),`)
    .join("\n");
  const sample = Array.from(frame.sample.read, (value) => (text ? frame.symbols[value] : number(value)));
  return `"""A ${kind} that continues ${text ? "text" : "a series"}, trained in the page for ${state.epoch} epochs. Needs torch."""

import torch
from torch import nn


class Network(nn.Module):
    """${config.layers} layers of ${config.units} units; a linear head reads the last step."""

    def __init__(self):
        super().__init__()
        self.cell = nn.${kind}(${width}, ${config.units}, num_layers=${config.layers}, batch_first=True)
        self.head = nn.Linear(${config.units}, ${width})

    def forward(self, x):
        """x: (batch, time, ${width}) -> (batch, ${width})${text ? ", logits" : ""}"""
        steps, _ = self.cell(x)
        return self.head(steps[:, -1])${after}


WEIGHTS = {
${weights}
}
${
  text
    ? `SYMBOLS = ${JSON.stringify(frame.symbols)}


def predict(network, given, count):
    """Continue a text by the most probable symbol, reading what was said as if it were given."""
    window, said = list(given), []
    for _ in range(count):
        x = nn.functional.one_hot(torch.tensor([SYMBOLS.index(one) for one in window]), len(SYMBOLS)).float()
        said.append(SYMBOLS[int(network(x[None])[0].argmax())])
        window = [*window[1:], said[-1]]
    return said
`
    : `# A value that is read = (value of the series - OFFSET) / SCALE.
OFFSET, SCALE = ${config.offset}, ${config.scale}


def predict(network, given, count):
    """Continue a series, reading what was said as if it were given."""
    window, said = list(given), []
    for _ in range(count):
        said.append(float(network(torch.tensor(window)[None, :, None])[0, 0]))
        window = [*window[1:], said[-1]]
    return said
`
}

def load():
    """The network with the weights of the page."""
    network = Network()
    network.load_state_dict({name: torch.tensor(value).reshape(shape) for name, (shape, value) in WEIGHTS.items()})
    return network.eval()


SAMPLE = ${JSON.stringify(sample)}

if __name__ == "__main__":
    with torch.no_grad():
        print(predict(load(), SAMPLE, ${frame.sample.said.length}))
`;
}
