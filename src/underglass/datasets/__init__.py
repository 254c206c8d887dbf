"""Readers: from what people have to the instances a case keeps.

* `arrays`: images, texts or rows of features in memory
* `image_folder`: pictures below a folder, labelled by their folders or by a table
* `torch`: a torch ``Dataset`` or ``DataLoader``
* `table`: a CSV, Parquet or Arrow file, pandas, polars or Arrow, with paths, texts or plain features
* `scored`: a table of labels and scores, for an audit without a model; `read_columns` reads its file, whatever its separator

* `read_labels`: a table of many labels per item
* `read_npmi`: runs of TensorBoard's former nPMI plug-in
* `judged`, `read_judged`: labels with probabilities and no model, from arrays, an ``.npz`` or a table of scores

* `distinct`: class names made distinct
* `reopen`: the instances of a case, from the case

Each returns a `Dataset`: a table with one row an instance (``row, id, label, split`` and the person's own columns), a way
to load raw instances, and what to show of one. What could not be read is named in ``skipped``, never replaced.

Readers of other packages (entry points ``underglass.readers``) stand here under their own names.
"""

from typing import Any

from underglass.datasets.array_data import arrays
from underglass.datasets.dataset import Dataset, Encoded, Instances
from underglass.datasets.delimited import Read, read_columns, read_text
from underglass.datasets.files import read_table
from underglass.datasets.image_files import image_folder
from underglass.datasets.judged import Judged, judged, read_judged
from underglass.datasets.label_sets import LabelTable, read_labels
from underglass.datasets.labels import distinct
from underglass.datasets.npmi_runs import NpmiRun, read_npmi
from underglass.datasets.reopening import reopen
from underglass.datasets.score_tasks import Scores
from underglass.datasets.scored import scored
from underglass.datasets.tables import table
from underglass.datasets.torch_data import torch
from underglass.errors import DataError

__all__ = [
    "Dataset",
    "Encoded",
    "Instances",
    "Judged",
    "LabelTable",
    "NpmiRun",
    "Read",
    "Scores",
    "arrays",
    "distinct",
    "image_folder",
    "judged",
    "read_columns",
    "read_judged",
    "read_labels",
    "read_npmi",
    "read_table",
    "read_text",
    "reopen",
    "scored",
    "table",
    "torch",
]


def __getattr__(name: str) -> Any:
    """A reader that another package brings."""
    from underglass.extensions import READERS, load

    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return load(READERS, name)
    except DataError as error:
        raise AttributeError(f"{error} Ours: {', '.join(__all__)}.") from None
