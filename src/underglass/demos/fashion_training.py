"""How were the shipped weights and pictures of the Fashion-MNIST demo made?

Needs the data set itself (Debian: ``apt install dataset-fashion-mnist``), which the demo at run time does not::

    python -m underglass.demos.fashion_training
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from underglass.demos.fashion_network import MEAN, SPREAD, build

SOURCE = Path("/usr/share/datasets/fashion-mnist")
DATA = Path(__file__).parent / "data"
SHIPPED = 2_000
EPOCHS, BATCH, RATE, SEED = 3, 128, 2.5e-3, 0

Array = np.ndarray[Any, Any]


def read(name: str) -> Array:
    """One IDX file of unsigned bytes: the last byte of the magic number is the count of axes."""
    with gzip.open(SOURCE / name) as file:
        raw = file.read()
    axes = raw[3]
    shape = np.frombuffer(raw, ">i4", axes, 4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * axes).reshape(shape)


def tensor(images: Array) -> Any:
    """(n, 28, 28) uint8 → (n, 1, 28, 28) float32, as the demo's ``to_tensor`` does for one."""
    return ((torch.from_numpy(images.copy()).float() / 255.0 - MEAN) / SPREAD).unsqueeze(1)


def train(images: Array, labels: Array) -> Any:
    """Adam on cross-entropy, the learning rate falling to zero along a half cosine."""
    torch.manual_seed(SEED)
    net = build()
    inputs, targets = tensor(images), torch.from_numpy(labels.astype(np.int64))
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
    steps = EPOCHS * -(-len(inputs) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    shuffle = torch.Generator().manual_seed(SEED)
    for epoch in range(EPOCHS):
        total = 0.0
        for rows in torch.randperm(len(inputs), generator=shuffle).split(BATCH):
            loss = nn.functional.cross_entropy(net(inputs[rows]), targets[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(rows)
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {total / len(inputs):.3f}")
    return net.eval()


def main() -> None:
    """Train, measure on all 10,000 test pictures, and write the weights and a seeded 2,000 of the pictures."""
    net = train(read("train-images-idx3-ubyte.gz"), read("train-labels-idx1-ubyte.gz"))
    images, labels = read("t10k-images-idx3-ubyte.gz"), read("t10k-labels-idx1-ubyte.gz")
    with torch.no_grad():
        accuracy = float((net(tensor(images)).argmax(1).numpy() == labels).mean())
    rows = np.sort(np.random.default_rng(SEED).choice(len(images), SHIPPED, replace=False))
    DATA.mkdir(exist_ok=True)
    torch.save(net.state_dict(), DATA / "fashion_weights.pt")
    np.savez_compressed(DATA / "fashion.npz", images=images[rows], labels=labels[rows], ids=rows.astype(np.int32))
    facts = {"accuracy": round(accuracy, 4), "tested_on": len(images), "epochs": EPOCHS, "batch": BATCH, "seed": SEED}
    (DATA / "fashion.json").write_text(json.dumps(facts, indent=1) + "\n")
    print(f"accuracy {accuracy:.4f} on {len(images):,} test pictures")


if __name__ == "__main__":
    main()
