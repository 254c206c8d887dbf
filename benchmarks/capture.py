"""How fast is a network captured: against hooks as one finds them in notebooks, and over its own forward pass?

All 49 convolutions of EfficientNet-lite0, 224 px, maximum and mean of each, written to the disk. Every run is a process of its
own, since the allocator's thresholds cannot be taken back; runs of both sides alternate.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.data import photo_crops

IMAGES, TURNS = 320, 3
ALTERNATIONS, AT_ONCE, BATCHES = 9, 16, 2
SHARD = 512
NAIVE_BATCH = 32
OVER_FORWARD = {"": 1.10, "channels_last": 1.20}


def run() -> list[dict[str, Any]]:
    return [*against_notebook(), *(over_forward(layout) for layout in OVER_FORWARD)]


def against_notebook() -> list[dict[str, Any]]:
    """The notebook, ours as it is by default, and ours with the layout that is asked for, in turns."""
    times: dict[str, list[float]] = {"notebook": [], "": [], "channels_last": []}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(TURNS):
            times["notebook"].append(_worker("notebook", folder, "")["seconds"])
            for layout in OVER_FORWARD:
                times[layout].append(_worker("ours", folder, layout)["seconds"])
                same_values(Path(folder))
    peer = median(times["notebook"])
    return [_against(layout, peer, median(times[layout])) for layout in OVER_FORWARD]


def _against(layout: str, peer: float, ours: float) -> dict[str, Any]:
    kept = "channels last, equal up to rounding" if layout else "outputs equal to the last bit"
    return {
        "capability": f"capture of 49 convolutions to disk, {IMAGES} images{', channels last' if layout else ''}",
        "peer": f"hooks that keep the output, NumPy's max and mean, batch {NAIVE_BATCH}, np.savez",
        "ours": f"{IMAGES / ours:.1f} images/s",
        "peer_seconds": peer,
        "our_seconds": ours,
        "ratio": peer / ours,
        "bar": "≥ 4 ×",
        "met": peer / ours >= 4,
        "note": f"{kept}, --keep-memory; ours runs 36 more images for fingerprint and trial; load {os.getloadavg()[0]:.1f}",
    }


def over_forward(layout: str) -> dict[str, Any]:
    measured = _worker("forward", "", layout, OMP_NUM_THREADS="1")
    bar = OVER_FORWARD[layout]
    return {
        "capability": f"capture over its own forward, batch {AT_ONCE}{', channels last' if layout else ''}",
        "peer": "the same forward without hooks and without writing",
        "ours": f"{measured['ours']:.3g} s",
        "peer_seconds": measured["forward"],
        "our_seconds": measured["ours"],
        "ratio": measured["forward"] / measured["ours"],
        "bar": f"≤ {bar:.2f} × its time",
        "met": measured["over"] <= bar,
        "note": f"{measured['over']:.3f} × (median of {ALTERNATIONS} turns), with the write; CPU time, one thread, --keep-memory",
    }


def same_values(folder: Path) -> None:
    """The values in the case are the notebook's, to the precision of float16, and probabilities are equal."""
    from underglass.store import CaseFolder

    captured = CaseFolder.open(folder / "ours.case").model()
    with np.load(folder / "notebook.npz") as notebook:
        for name in notebook.files:
            if name == "probabilities":
                np.testing.assert_allclose(captured.probabilities, notebook[name], atol=1e-5)
            else:
                layer, pooling = name.rsplit("/", 1)
                np.testing.assert_allclose(captured.activations(layer, pooling).array(), notebook[name], rtol=2e-3, atol=2e-3)


def _worker(side: str, folder: str, layout: str, **environment: str) -> dict[str, float]:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.capture", side, folder, layout]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | environment)
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def notebook(folder: Path, layout: str) -> dict[str, float]:
    """What people write: keep each output in a dict, pool it with NumPy after the batch, save everything in the end."""
    import torch

    images, model = _images(), _model("")
    net, kept, pooled = model.net, {}, {}
    for name in _convolutions(net):
        net.get_submodule(name).register_forward_hook(lambda _m, _i, out, name=name: kept.__setitem__(name, out.detach()))
    probabilities = []
    began = time.perf_counter()
    with torch.no_grad():
        for start in range(0, len(images), NAIVE_BATCH):
            batch = torch.stack([model.preprocess(image) for image in images[start : start + NAIVE_BATCH]])
            probabilities.append(net(batch).softmax(1).numpy())
            for name, out in kept.items():
                maps = out.numpy()
                pooled.setdefault(f"{name}/max", []).append(maps.max((2, 3)))
                pooled.setdefault(f"{name}/mean", []).append(maps.mean((2, 3)))
    arrays = {name: np.concatenate(parts) for name, parts in pooled.items()}
    np.savez(folder / "notebook.npz", probabilities=np.concatenate(probabilities), **arrays)
    return {"seconds": time.perf_counter() - began}


def ours(folder: Path, layout: str) -> dict[str, float]:
    """`underglass.capture.run` into a case that is there."""
    import shutil

    from underglass import capture, datasets
    from underglass.store import CaseFolder

    capture.keep_freed_memory()
    data, model = datasets.arrays(np.stack(_images())), _model(layout)
    shutil.rmtree(folder / "ours.case", ignore_errors=True)
    case = CaseFolder.create(
        folder / "ours.case", data.table, kind="image", classes=(), source={}, data_fingerprint=data.fingerprint
    )
    began = time.perf_counter()
    capture.run(case, data, model, layers=_convolutions(model.net), progress=capture.silent)
    return {"seconds": time.perf_counter() - began}


def forward(_folder: Path, layout: str) -> dict[str, float]:
    """CPU seconds of the forward pass alone and of capture around it, in turns, after their outputs were found equal."""
    import torch

    from underglass import capture
    from underglass.store import LayerRecord

    capture.keep_freed_memory()
    model = _model(layout)
    images = _images(AT_ONCE * BATCHES)
    batches = [model.prepare(images[start : start + AT_ONCE]) for start in range(0, len(images), AT_ONCE)]
    names, pooling = _convolutions(model.net), ("max", "mean")
    layers = {layer.name: LayerRecord(layer.name, layer.type, layer.units, layer.shape) for layer in model.layers(images[:1])}

    def plain() -> np.ndarray:
        with torch.no_grad():
            return np.concatenate([model.net(batch.inputs).numpy() for batch in batches])

    def captured() -> list[Any]:
        return [model.forward(batch, names, pooling) for batch in batches]

    parts = captured()
    np.testing.assert_array_equal(np.concatenate([part.logits for part in parts]), plain())
    times: dict[str, list[float]] = {"forward": [], "ours": []}
    for _ in range(ALTERNATIONS):
        for side, call in (("forward", plain), ("ours", captured)):
            began = time.process_time()
            call()
            times[side].append(time.process_time() - began)
    written = _written(model, parts, tuple(layers[name] for name in names), pooling) * len(images)
    over = median((a + written) / b for a, b in zip(times["ours"], times["forward"], strict=True))
    return {"forward": median(times["forward"]), "ours": median(times["ours"]) + written, "over": over, "written": written}


def _written(model: Any, parts: list[Any], layers: tuple[Any, ...], pooling: tuple[str, ...]) -> float:
    """CPU seconds an image that writing takes, in shards as large as a capture's."""
    from underglass import datasets
    from underglass.store import CaseFolder, ModelRecord

    repeats = SHARD // (AT_ONCE * BATCHES) + 1
    pooled = {key: np.tile(np.concatenate([part.pooled[key] for part in parts]), (repeats, 1))[:SHARD] for key in parts[0].pooled}
    probabilities = np.tile(np.concatenate([part.probabilities for part in parts]), (repeats, 1))[:SHARD]
    record = ModelRecord(
        name="net",
        output="logits",
        classes=model.classes,
        layers=layers,
        all_layers=layers,
        pooling=pooling,
        accuracy_stated=None,
        accuracy_captured=None,
        fingerprint="",
        weights_hash="",
        factory=None,
        captured_at="",
        batch_size=AT_ONCE,
        threads=1,
        shard_size=SHARD,
    )
    data = datasets.arrays(np.zeros((SHARD * TURNS, 1, 1), np.uint8))
    with tempfile.TemporaryDirectory() as place:
        made = CaseFolder.create(
            Path(place) / "a.case", data.table, kind="image", classes=(), source={}, data_fingerprint=data.fingerprint
        )
        seconds = []
        with made.model_writer(record) as writer:
            for turn in range(TURNS):
                began = time.process_time()
                writer.write(turn, probabilities, pooled)
                seconds.append(time.process_time() - began)
    return median(seconds) / SHARD


def _images(count: int = IMAGES) -> list[np.ndarray]:
    return [image for image, _ in photo_crops(count)]


def _model(layout: str) -> Any:
    from underglass import models
    from underglass.demos import photos

    made = photos.make_model()
    return models.torch(
        made.net, preprocess=made.preprocess, classes=made.classes, name="net", channels_last=layout == "channels_last"
    )


def _convolutions(net: Any) -> list[str]:
    from torch import nn

    return [name for name, module in net.named_modules() if isinstance(module, nn.Conv2d)]


if __name__ == "__main__":
    side, folder, layout = sys.argv[1:]
    print(json.dumps({"notebook": notebook, "ours": ours, "forward": forward}[side](Path(folder), layout)))
