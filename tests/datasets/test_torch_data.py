"""Are torch data sets read in their own order, and refused where they cannot repeat themselves?"""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset

from underglass import datasets
from underglass.errors import DataError


def pairs(n: int = 6) -> TensorDataset:
    generator = torch.Generator().manual_seed(0)
    return TensorDataset(torch.rand(n, 3, 4, 4, generator=generator), torch.arange(n) % 2)


class Pictures(Dataset):
    """PIL images with names, as torchvision gives them."""

    classes = ("cat", "dog")

    def __len__(self):
        return 2

    def __getitem__(self, row):
        return {"image": Image.new("RGB", (4, 3), (row, 0, 0)), "label": row}


class Noisy(Dataset):
    """Gives something else each time."""

    def __init__(self):
        self.random = np.random.default_rng(0)

    def __len__(self):
        return 3

    def __getitem__(self, row):
        return self.random.random((2, 2)), 0


class Stream(IterableDataset):
    """Can only be run through."""

    def __iter__(self):
        return iter([])


def test_a_shuffled_loader_is_read_in_the_data_set_s_order():
    data = pairs()

    read = datasets.torch(DataLoader(data, batch_size=4, shuffle=True))

    assert read.table["label"].to_pylist() == [0, 1, 0, 1, 0, 1]
    assert np.array_equal(read.load([3])[0], data.tensors[0][3].numpy())


def test_a_subset_has_its_own_positions():
    read = datasets.torch(Subset(pairs(), [5, 2]))

    assert read.table["label"].to_pylist() == [1, 0]


def test_mappings_of_pil_images_and_class_names_are_understood():
    read = datasets.torch(Pictures())

    assert read.classes == ("cat", "dog")
    assert read.load([1])[0].tolist() == [[[1, 0, 0]] * 4] * 3


class Mails(list):
    """What a split of a Hugging Face dataset looks like from outside."""

    features = {"text": object(), "label": type("ClassLabel", (), {"names": ["ham", "spam"]})()}


def test_hugging_face_s_class_names_are_taken():
    read = datasets.torch(Mails([{"text": "hello", "label": 0}, {"text": "buy", "label": 1}]))

    assert (read.kind, read.classes, read.load([1])) == ("text", ("ham", "spam"), ["buy"])


def test_inputs_alone_have_no_labels():
    read = datasets.torch(TensorDataset(torch.zeros(2, 5, 5)))

    assert read.table["label"].to_pylist() == [None, None]


def test_augmentation_is_refused():
    with pytest.raises(DataError, match="item 0 differs when it is read again: turn augmentation and other randomness off"):
        datasets.torch(Noisy())


def test_a_stream_is_refused():
    with pytest.raises(DataError, match="Stream can only be run through once; instances need positions"):
        datasets.torch(Stream())


def test_labels_of_more_than_one_number_are_refused():
    data = TensorDataset(torch.zeros(2, 5, 5), torch.zeros(2, 3))

    with pytest.raises(DataError, match=r"a label has shape \(3,\); it must be one class index or name"):
        datasets.torch(data)
