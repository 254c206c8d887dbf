"""Write what torch computes, for the tests of the training engine in the browser: web/src/learn/fixtures/*.json.

``python tools/make_learn_fixtures.py``; needs torch. Everything is float64, so that the engine's own errors are all that is left.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

FOLDER = Path(__file__).resolve().parent.parent / "web" / "src" / "learn" / "fixtures"
SMOOTHED = 0.95
STEPS = 20
RATE = 0.03


def numbers(tensor: torch.Tensor) -> list[float]:
    """All numbers of a tensor, row-major."""
    return tensor.detach().double().reshape(-1).tolist()


def perceptron(sizes: list[int], hidden: type[nn.Module], last: type[nn.Module]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        layers += [nn.Linear(inputs, outputs), last() if i == len(sizes) - 2 else hidden()]
    return nn.Sequential(*layers).double()


def parameters(net: nn.Module) -> list[dict[str, Any]]:
    return [{"shape": list(p.shape), "value": numbers(p)} for p in net.parameters()]


def dense() -> dict[str, Any]:
    """Output, derivative by the input and by each parameter of one small network per activation."""
    kinds = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
    found = {}
    for name, kind in kinds.items():
        net = perceptron([3, 5, 4, 2], kind, nn.Tanh)
        x = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
        dy = torch.randn(7, 2, dtype=torch.float64)
        y = net(x)
        y.backward(dy)
        found[name] = {
            "sizes": [3, 5, 4, 2],
            "parameters": parameters(net),
            "x": numbers(x),
            "y": numbers(y),
            "dy": numbers(dy),
            "dx": numbers(x.grad),
            "gradients": [numbers(p.grad) for p in net.parameters()],
        }
    return found


def losses() -> dict[str, Any]:
    """Value and derivative of each loss."""
    y, target = torch.randn(6, 4, dtype=torch.float64, requires_grad=True), torch.randn(6, 4, dtype=torch.float64)
    squared = functional.mse_loss(y, target)
    squared.backward()
    found: dict[str, Any] = {"mse": {"y": numbers(y), "target": numbers(target), "loss": squared.item(), "dy": numbers(y.grad)}}
    logits, classes = torch.randn(6, 4, dtype=torch.float64, requires_grad=True), torch.tensor([0, 3, 1, 1, 2, 0])
    cross = functional.cross_entropy(logits, classes)
    cross.backward()
    found["cross"] = {
        "logits": numbers(logits),
        "targets": classes.tolist(),
        "classes": 4,
        "loss": cross.item(),
        "probabilities": numbers(logits.softmax(1)),
        "dLogits": numbers(logits.grad),
    }
    for kind in ("log", "least squares"):
        real = (3 * torch.randn(9, dtype=torch.float64)).requires_grad_()
        fake = (3 * torch.randn(9, dtype=torch.float64)).requires_grad_()
        if kind == "log":
            bce = functional.binary_cross_entropy_with_logits
            d = (bce(real, torch.full_like(real, SMOOTHED)) + bce(fake, torch.zeros_like(fake))) / 2
            g = bce(fake, torch.ones_like(fake))
        else:
            d = ((real.sigmoid() - 1).square().mean() + fake.sigmoid().square().mean()) / 2
            g = (fake.sigmoid() - 1).square().mean()
        d_real, d_fake = torch.autograd.grad(d, (real, fake))
        (g_fake,) = torch.autograd.grad(g, fake)
        found[kind] = {
            "real": numbers(real),
            "fake": numbers(fake),
            "discriminator": {"loss": d.item(), "dReal": numbers(d_real), "dFake": numbers(d_fake)},
            "generator": {"loss": g.item(), "dFake": numbers(g_fake)},
        }
    return found


def optimisers() -> dict[str, Any]:
    """Where each rule leads after some steps on the same gradients."""
    start = torch.randn(6, dtype=torch.float64)
    gradients = torch.randn(STEPS, 6, dtype=torch.float64)
    makers = {
        "sgd": lambda p: torch.optim.SGD([p], RATE),
        "momentum": lambda p: torch.optim.SGD([p], RATE, momentum=0.9),
        "adam": lambda p: torch.optim.Adam([p], RATE),
        "rmsprop": lambda p: torch.optim.RMSprop([p], RATE),
    }
    found = {}
    for name, make in makers.items():
        parameter = start.clone().requires_grad_()
        rule = make(parameter)
        for gradient in gradients:
            parameter.grad = gradient.clone()
            rule.step()
        found[name] = numbers(parameter)
    return {"start": numbers(start), "rate": RATE, "gradients": [numbers(g) for g in gradients], "after": found}


def gan() -> dict[str, Any]:
    """Five updates of both networks on given batches: the workload of GAN Lab, whole."""
    generator, critic = perceptron([2, 6, 6, 2], nn.ReLU, nn.Tanh), perceptron([2, 5, 5, 1], nn.ReLU, nn.Identity)
    begin = {"generator": parameters(generator), "discriminator": parameters(critic)}
    optimise_g, optimise_d = torch.optim.SGD(generator.parameters(), 0.1), torch.optim.Adam(critic.parameters(), 0.01)
    bce = functional.binary_cross_entropy_with_logits
    steps = []
    for _ in range(5):
        real, noise_d, noise_g = (torch.rand(8, 2, dtype=torch.float64) * 2 - 1 for _ in range(3))
        on_real, on_fake = critic(real), critic(generator(noise_d).detach())
        d = (bce(on_real, torch.full_like(on_real, SMOOTHED)) + bce(on_fake, torch.zeros_like(on_fake))) / 2
        optimise_d.zero_grad()
        d.backward()
        optimise_d.step()
        on_fake = critic(generator(noise_g))
        g = bce(on_fake, torch.ones_like(on_fake))
        optimise_g.zero_grad()
        g.backward()
        optimise_g.step()
        steps.append(
            {
                "real": numbers(real),
                "noiseD": numbers(noise_d),
                "noiseG": numbers(noise_g),
                "dLoss": d.item(),
                "gLoss": g.item(),
            }
        )
    end = {"generator": parameters(generator), "discriminator": parameters(critic)}
    return {"begin": begin, "end": end, "steps": steps, "batch": 8}


def recurrent() -> dict[str, Any]:
    """Two layers of each cell and a head on the last step: outputs, every state of both layers, derivatives, gradients."""
    kinds = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
    sizes = {"inputs": 3, "units": 5, "layers": 2, "outputs": 2}
    time, batch = 6, 3
    found: dict[str, Any] = {}
    for name, kind in kinds.items():
        layers = [kind(3, 5).double(), kind(5, 5).double()]
        head = nn.Linear(5, 2).double()
        x = torch.randn(time, batch, 3, dtype=torch.float64, requires_grad=True)
        dy = torch.randn(batch, 2, dtype=torch.float64)
        states, last = [], []
        passed: torch.Tensor = x
        for layer in layers:
            passed, end = layer(passed)
            passed.retain_grad()
            states.append(passed)
            last.append(end[1] if name == "lstm" else end)
        y = head(passed[-1]).tanh()
        y.backward(dy)
        every = [p for net in (*layers, head) for p in net.parameters()]
        found[name] = sizes | {
            "time": time,
            "batch": batch,
            "parameters": [numbers(p) for p in every],
            "x": numbers(x),
            "y": numbers(y),
            "dy": numbers(dy),
            "dx": numbers(x.grad),
            "states": [numbers(one) for one in states],
            "memory": [numbers(one) for one in last],
            "dLast": numbers(states[0].grad[-1]),
            "gradients": [numbers(p.grad) for p in every],
        }
    return found


def write(name: str, found: dict[str, Any]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.json"
    path.write_text(json.dumps(found, separators=(",", ":")) + "\n")
    print(f"wrote {path.name}")


if __name__ == "__main__":
    torch.manual_seed(0)
    write("dense", {"dense": dense(), "losses": losses(), "optimisers": optimisers(), "gan": gan()})
    write("recurrent", recurrent())
