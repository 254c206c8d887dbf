"""A case as people use it: one object that ties the rooms together and holds no method of its own.

The case owns the folder on disk, the served tables and the jobs; analyses, views and capture do the work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa

from underglass import capture, filters
from underglass.capture.given import checked_features, checked_probabilities, keep_probabilities
from underglass.capture.showing import copy_media
from underglass.errors import DataError, EditError, ModelError, UnderglassError, unknown
from underglass.extensions import Broken
from underglass.extensions.renderers import renderers
from underglass.jobs import Jobs
from underglass.named_subsets import Subsets
from underglass.pages import CaseView, Page, Widget
from underglass.pages.composing import from_spec
from underglass.pages.items import checked_view
from underglass.pages.widgets import Panel
from underglass.roles import require
from underglass.selecting import Followers, Selection, picked_by_python
from underglass.serving import Serving
from underglass.store import CaseFolder, Edit, ModelFolder, Subset
from underglass.views import Found as Views
from underglass.views import View, discover
from underglass.wire import CaseInfo, EditAnswer, InstanceDetail, SelectionInfo, SelectionPart, ServerEvent

if TYPE_CHECKING:
    from underglass.analyses.associations import Associations
    from underglass.analyses.attribution_graph import AttributionGraph
    from underglass.architecture.graph import ModelGraph
    from underglass.datasets import Dataset, Judged, LabelTable
    from underglass.figures import Figure
    from underglass.hosts.static import ExportedPage
    from underglass.models import Model
    from underglass.views.feature_images import UnitPictures
    from underglass.views.label_comparison import FoundComparison, Trainer
    from underglass.views.label_results import FoundIssues
    from underglass.views.pattern_results import FoundPatterns

Rows = np.ndarray[Any, np.dtype[np.int32]]
Progress = Callable[[int, int, str], None]
Where = str | Mapping[str, Any] | Sequence[int] | np.ndarray[Any, Any]
"""Which instances: a typed filter, a filter tree, or rows."""

NAMED = ("subset", "drop_subset", "rename_subset", "page", "drop_page")
"""Edits of things that have a name, not of instances."""
VALUE_KEPT = {"confirm": True, "flag": True, "hide": True}


class Case:
    """One study: instances, models, captured activations, results and edits; made by `create` or `open`.

    Examples
    --------
    >>> case = Case.create(folder / "tiny.case", dataset)
    >>> case.count("label = 'Shirt'")
    2
    """

    def __init__(self, folder: CaseFolder, *, dataset: Dataset | None = None) -> None:
        self.folder = folder
        self.dataset = dataset
        self.attached: Model | None = None
        self.trainer: Trainer | None = None
        self._model: str | None = None
        self._first_version = 1
        self._guard = threading.RLock()
        self._served_sequence = 0
        self._layer: tuple[tuple[str, str], np.ndarray[Any, np.dtype[np.float32]]] | None = None
        self._listeners: list[Callable[[int], None]] = []
        self._told: list[Callable[[ServerEvent], None]] = []
        self._selection = picked_by_python(None, "")
        self._on_selection: Followers[Selection | None] = Followers("the selection", self.report)
        self._on_edit: Followers[Edit] = Followers("the edits", self.report)

    def __repr__(self) -> str:
        manifest = self.folder.manifest
        models = ", ".join(self.folder.models) or "no model"
        return f"<case {manifest.name!r}: {manifest.instances:,} {manifest.kind}s, {models}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # making and opening ------------------------------------------------------------------------------------------

    @classmethod
    def create(cls, path: str | Path, dataset: Dataset, *, name: str | None = None, progress: Progress | None = None) -> Self:
        """Make a case of a data set.

        Parameters
        ----------
        path : folder to make; by custom it ends in ``.case``. It must not exist.
        dataset : from `underglass.datasets`.
        name : for people; by default the folder's name.
        progress : called with done, total and stage while pictures and texts are copied.

        Raises
        ------
        CaseError
            The path exists or the disk is full. Nothing is left half-made.
        DataError
            The instances are not what they must be.
        """
        folder = CaseFolder.create(
            path,
            dataset.table,
            kind=dataset.kind,
            classes=dataset.classes,
            source=dataset.description,
            data_fingerprint=dataset.fingerprint,
            skipped=dataset.skipped,
            name=name,
            fill=lambda writer: copy_media(dataset, writer, progress),
        )
        return cls(folder, dataset=dataset)

    @classmethod
    def create_judged(
        cls, path: str | Path, judged: Judged, *, name: str | None = None, progress: Progress | None = None
    ) -> Self:
        """Make a case of labels and probabilities alone, without a model: see `underglass.datasets.judged`.

        Raises
        ------
        DataError
            The probabilities are none, or do not fit the labels; nothing is left half-made.
        """
        dataset = judged.dataset
        checked_probabilities(judged.probabilities, len(dataset), len(dataset.classes))
        for layer, values in judged.layers.items():
            checked_features(layer, values, len(dataset))
        case = cls.create(path, dataset, name=name, progress=progress)
        keep_probabilities(case.folder, judged.probabilities, layers=judged.layers)
        return case

    @classmethod
    def create_labelled(
        cls, path: str | Path, labels: LabelTable, *, name: str | None = None, identities: Sequence[str] = ()
    ) -> Self:
        """Make a case of items with many labels each, without a model: see `underglass.datasets.read_labels`."""
        case = cls.create(path, labels.instances, name=name)
        case.add_labels(name or case.name, labels, identities=identities)
        return case

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a case; no code from it is run.

        Raises
        ------
        CaseError
            There is no case, it is damaged, or a newer underglass made it.
        """
        return cls(CaseFolder.open(path))

    def close(self) -> None:
        """Let go of the files and end the jobs; open pages are told."""
        self._tell_pages(ServerEvent(type="closed"))
        if "jobs" in self.__dict__:
            self.jobs.close()
        if "serving" in self.__dict__:
            self.serving.close()
        self.folder.close()

    # what is in it -----------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """For people."""
        return self.folder.name

    @property
    def author(self) -> str:
        """Who edits here; the login name unless set."""
        return self.folder.journal.author

    @author.setter
    def author(self, name: str) -> None:
        require("owner", "say who signs for everybody")
        if not name.strip():
            raise EditError("an author needs a name")
        self.folder.journal.author = name.strip()

    @property
    def model(self) -> ModelFolder | None:
        """The active model, or None while nothing is captured."""
        done = {one.name: one for one in self.folder.finished}
        if not done:
            return None
        served = self.serving.active if "serving" in self.__dict__ else None
        return done.get(served or self._model or "") or list(done.values())[-1]

    def use_model(self, name: str) -> None:
        """Make another captured model the active one: bare ``prediction`` and ``confidence`` are then its."""
        require("owner", "change the active model for everybody")
        with self._guard:
            self.serving.use_model(self.folder.model(name).name)
            self._model = name
        self._tell()

    @cached_property
    def serving(self) -> Serving:
        """The in-memory tables every view asks, edits laid over the source."""
        serving = Serving.from_case(self.folder, model=self._model, version=self._first_version)
        self._served_sequence = self.folder.journal.sequence
        for view in self.views.values():
            restore = view.calls.get("restore")
            if restore is not None:
                restore(self, serving)
        return serving

    @cached_property
    def jobs(self) -> Jobs:
        """The queue of long work."""
        return Jobs()

    @cached_property
    def views(self) -> dict[str, View]:
        """The views by name, in the rail's order."""
        return self._discovered.views

    @cached_property
    def _discovered(self) -> Views:
        return discover()

    @property
    def broken(self) -> list[Broken]:
        """Extensions of other packages that cannot be used, and why."""
        return [*self._discovered.broken, *renderers().broken]

    @cached_property
    def damaged(self) -> list[str]:
        """Files whose bytes are not what was recorded, found when the case was opened."""
        return self.folder.verify()

    def info(self, author: str | None = None) -> CaseInfo:
        """The case's card: everything the shell shows, and what undo and redo would do for an author."""
        from underglass.views.about import case_info

        self.sync()
        while True:
            models = self.folder.models
            try:
                return case_info(self, author)
            except UnderglassError:
                if self.folder.models == models:
                    raise  # else a model was put in or taken out while the card was made, here or by another process

    def instance(self, row: int, layer: str | None = None) -> InstanceDetail:
        """What the side panel shows of one instance."""
        from underglass.views.instance import detail

        self.sync()
        return detail(self, row, layer)

    def labels(self) -> Rows:
        """Labels as they are now, ``(instances,)`` int32 class index, −1 unlabelled."""
        return self.folder.labels()

    def predictions(self) -> Rows:
        """The active model's predictions, ``(instances,)`` int32 class index, −1 where there is none."""
        predictions: Rows = self._captured().predictions["prediction"].fill_null(-1).to_numpy().astype(np.int32)
        return predictions

    def activations(self, layer: str, pooling: str = "mean") -> np.ndarray[Any, np.dtype[np.float32]]:
        """One captured layer of the active model, ``(instances, units)`` float32; the last one asked for is kept in memory."""
        model = self._captured()
        key = (model.name, model.hash(layer, pooling))
        if self._layer is None or self._layer[0] != key:
            self._layer = (key, model.activations(layer, pooling).array())
        return self._layer[1]

    def table(self, where: Where | None = None) -> pa.Table:
        """The instances with their values as they are now: labels, predictions, tags, notes, results' columns."""
        self.sync()
        return self.serving.table(self._tree(where))

    def rows(self, where: Where) -> Rows:
        """Which instances: rows, sorted."""
        if isinstance(where, str | Mapping):
            self.sync()
            return self.serving.rows(self._tree(where))
        return np.unique(np.asarray(where, np.int32))

    def count(self, where: Where) -> int:
        """How many instances."""
        return len(self.rows(where))

    # models ------------------------------------------------------------------------------------------------------

    def capture(
        self,
        model: Model,
        *,
        layers: Sequence[str] | None = None,
        pooling: Sequence[str] = ("max", "mean"),
        batch_size: int | None = None,
        factory: str | None = None,
        progress: Progress | None = None,
    ) -> ModelFolder:
        """Run a model over all instances and keep pooled activations and predictions; resumes where it was stopped.

        Parameters
        ----------
        model : from `underglass.models`.
        layers : which layers; by default the ones the model suggests.
        pooling : how maps become one number a unit: of max, mean, std, min.
        batch_size : by default from the free memory; halved when memory runs out.
        factory : import path of the function that makes the model, kept as text.
        progress : called with instances done, all, and what is being done; by default a bar where there is a terminal.
        """
        captured = capture.run(
            self.folder,
            self._dataset(),
            model,
            layers=layers,
            pooling=pooling,
            batch_size=batch_size,
            factory=factory,
            progress=progress,
        )
        self.attached = model
        if (before := self.__dict__.get("serving")) is not None:
            self._first_version = before.version + 1  # pages that stand at an earlier one ask anew
            del self.__dict__["serving"]
        from underglass.views.kept_graph import keep

        keep(self)
        self._tell()
        return captured

    def add_scores(self, scores: Any, *, name: str = "score", positive: str | None = None, threshold: float = 0.5) -> None:
        """Keep scores that came without a model, beside the models: `prediction`, `confidence`, `correct` are then theirs.

        Parameters
        ----------
        scores : (instances,) or (instances, classes), or the name of a column
            Probability of the positive class, or of each class in the case's order; 0..1, NaN where there is none.
        name : what the score is called; other scores of that name must not be there.
        positive : of two classes, the one that the scores are of [the last].
        threshold : a score of at least this counts as positive.

        Raises
        ------
        DataError
            Scores outside 0..1, another number of them, or a case without the classes they speak of.
        """
        from underglass.capture.given_scores import read_scores

        found = read_scores(self.folder, scores, positive=positive, threshold=threshold)
        capture.keep_scores(self.folder, found, name=name)
        self.serve_model(name)

    def serve_model(self, name: str) -> None:
        """Make the model that was kept last the active one, also where the case is being looked at."""
        self._model = None
        if "serving" in self.__dict__:
            with self._guard:
                self.serving.add_model(self.folder.model(name))
                self.serving.use_model(name)
        self._tell()

    def set_aside_model(self, name: str) -> None:
        """Take a model out of the case, so that no view knows of it; `take_back_model` undoes it.

        Raises
        ------
        ModelError
            There is no such model, or no other that could be the active one in its place.
        """
        require("owner", "take a model out of the case for everybody")
        others = [one.name for one in self.folder.finished if one.name != name]
        if name in self.folder.models and not others:
            raise ModelError(f"{name!r} is the only model of this case, so nothing could stand in its place.")
        if self.folder.model(name).name == self._captured().name:
            self.use_model(others[-1])
        with self._guard:
            self.folder.set_aside_model(name)
            if "serving" in self.__dict__:
                self.serving.drop_model(name)
        self._tell()

    def take_back_model(self, name: str) -> None:
        """Put a model that was set aside back into the case, and make it the active one.

        Raises
        ------
        ModelError
            None of that name is aside.
        """
        require("owner", "change the active model for everybody")
        self.folder.take_back_model(name)
        self.serve_model(name)

    def attach(self, model: Model, dataset: Dataset | None = None, *, verify: bool = True) -> None:
        """Give the case its model back, so that what needs the model can run.

        Raises
        ------
        ModelError
            The model is not the one that was captured; says what differs.
        """
        if dataset is not None:
            self.dataset = dataset
        if verify:
            capture.verify(self._captured(), self._dataset(), model)
        self.attached = model
        self._tell()

    # analyses ----------------------------------------------------------------------------------------------------

    def patterns(self, layer: str, *, progress: Progress | None = None, **settings: Any) -> FoundPatterns:
        """Groups of instances that a layer treats alike; kept, and found again by what they were computed from.

        See `underglass.analyses.patterns.find_patterns` for the settings.
        """
        from underglass.views.patterns import find

        return find(self, layer, progress=progress, **settings)

    def projection(self, layer: str, *, progress: Progress | None = None, **settings: Any) -> Any:
        """A layer's instances in the plane; kept like patterns. See `underglass.analyses.projection.project`."""
        from underglass.views.projection import project

        return project(self, layer, progress=progress, **settings)

    def attribution_graph(
        self, where: Where, layers: Sequence[str] = (), *, progress: Progress | None = None, **settings: Any
    ) -> AttributionGraph:
        """Which units carry a subset through the network, and which feed which; kept for these instances and weights.

        Influence is measured with the attached model in one streamed pass; without it, and where none is kept, the units alone
        come back and the graph says so.

        Parameters
        ----------
        where : any subset: a filter such as ``"label = 'Shirt' and correct = false"``, a filter tree, or rows.
        layers : captured layers; all of them by default.
        progress : called with done, total and stage.
        settings : fields of `underglass.views.attribution_results.Settings`, such as ``mass``.
        """
        from underglass.views.attribution_results import attribution_graph

        return attribution_graph(self, where, layers=tuple(layers), progress=progress, **settings)

    def feature_visualization(
        self, layer: str, units: Sequence[int], *, progress: Progress | None = None, **settings: Any
    ) -> dict[int, UnitPictures]:
        """Pictures that excite units, by unit; kept under the model's weights. Needs the model for those not kept yet.

        See `underglass.probes.feature_visualization.Settings` for the settings.
        """
        from underglass.views.feature_images import find

        return find(self, layer, units, settings=settings, progress=progress)

    def model_graph(self, model: str | None = None) -> ModelGraph:
        """A captured model's operations and what goes between them; kept at capture, so that it needs no model.

        Raises
        ------
        ModelError
            If there is none; says why.
        """
        from underglass.views.kept_graph import kept_graph

        found = kept_graph(self, model)
        if found.graph is None:
            raise ModelError(f"{found.model!r} has no graph: {found.problem}.")
        return found.graph

    def graph_numbers(self, name: str, values: Mapping[str, float | None], **options: Any) -> int:
        """Numbers of your own to colour the model's graph by: module path or operation id → number.

        See `underglass.views.graph_numbers.add_numbers` for the options, such as ``unit="ms"``.
        """
        from underglass.views.graph_numbers import add_numbers

        return add_numbers(self, name, values, **options)

    def figure(self, *, model: str | None = None, **settings: Any) -> Figure:
        """A captured model as a figure for a paper; it needs no model, for its graph is kept with the case.

        Parameters
        ----------
        model : name of a captured model; by default the active one.
        settings : those of `underglass.figure`. A sample may also be the row of an instance: ``samples={"input": 12}``.

        Raises
        ------
        UnderglassError
            There is no graph, a setting is not known, or a group cannot be one glyph: why.
        """
        from underglass.views.case_figure import drawn_figure

        return drawn_figure(self, settings, model=model)

    def label_issues(self, *, progress: Progress | None = None, **settings: Any) -> FoundIssues:
        """Labels that are probably wrong; kept, and found again by what they were computed from, the labels among it.

        See `underglass.views.label_results.Settings` for the settings.
        """
        from underglass.views.label_results import find

        return find(self, progress=progress, **settings)

    def compare_labels(self, *, progress: Progress | None = None, **settings: Any) -> FoundComparison:
        """The same head, split and seed on the source's labels and on those of now: did the corrections help?

        ``train=function`` trains with a person's own function in place of a linear head.
        See `underglass.views.label_comparison.Settings` for the settings.
        """
        from underglass.views.label_comparison import compare

        return compare(self, progress=progress, **settings)

    def associations(
        self,
        identities: Sequence[str],
        *,
        of: str | None = None,
        threshold: float | None = None,
        top: int | None = None,
        where: Where | None = None,
        min_count: int = 0,
    ) -> Associations:
        """Which labels go with which identities, on a model's own predictions or on label sets that were added.

        Parameters
        ----------
        identities : labels, subsets, columns of yes and no, or filters such as ``"photo = 'chelsea'"``.
        of : a table added by `add_labels` or a model; without, the first table, else the first model.
        threshold, top : which of a model's classes an instance has: those at least so probable, or the so many most probable;
            without, 0.5 where the outputs are independent scores and the five most probable where they are a softmax.
        where : only these instances.
        min_count : labels that occur less often get no value.

        Raises
        ------
        DataError
            There are no label sets, or an identity is unknown.
        """
        from underglass.views.association_study import associate_in

        return associate_in(self, identities, of, threshold, top, None if where is None else self._tree(where), min_count)

    def add_labels(self, name: str, labels: LabelTable, *, identities: Sequence[str] = ()) -> None:
        """Keep a table of many labels per item: of this case's instances if the ids are the same, else as another data set."""
        from underglass.views.association_sources import begin_with, keep_labels

        keep_labels(self, name, labels, identities=identities)
        if identities:
            begin_with(self, identities)
        self._tell()

    def add_npmi_runs(self, path: str | Path) -> list[str]:
        """Keep the runs of TensorBoard's former nPMI plug-in, from a log folder, an event file or its CSV; their names."""
        from underglass.datasets.npmi_runs import read_npmi
        from underglass.views.association_sources import keep_run

        runs = read_npmi(path)
        for run in runs:
            keep_run(self, run)
        self._tell()
        return [run.name for run in runs]

    # edits -------------------------------------------------------------------------------------------------------

    def subset(
        self, name: str, where: Where | None = None, *, function: Callable[[Any], bool] | None = None, note: str = ""
    ) -> Subset:
        """Define a subset: live from a filter, frozen from rows or from a function.

        Parameters
        ----------
        name : for people.
        where : a typed filter, a filter tree, or rows.
        function : in its place, called with each raw instance (an array of pixels, a text, a row's features): whether it is in.
        note : why.

        Raises
        ------
        EditError
            Neither or both of `where` and `function` are given, or the edit cannot be made.
        DataError
            The function fails on an instance, or gives something that is no truth value; names the instance.
        """
        if (where is None) == (function is None):
            raise EditError(f"subset {name!r} needs a filter or rows, or a function: one of them")
        if function is not None:
            from underglass.datasets.choosing import rows_where

            where = rows_where(self._dataset(), function)
        assert where is not None
        if isinstance(where, str | Mapping):
            tree = self._tree(where)
            self.edit("subset", value={"name": name, "kind": "live", "note": note}, where=tree)
        else:
            self.edit("subset", value={"name": name, "kind": "frozen", "note": note}, rows=where)
        return self.subsets[name]

    @property
    def subsets(self) -> Subsets:
        """The subsets by name; ``case.subsets["name"] = filter or rows`` defines one, ``del`` drops it."""
        return Subsets(self)

    # the selection -----------------------------------------------------------------------------------------------

    @property
    def selection(self) -> Selection | None:
        """What is picked now, on a page or from Python; None when nothing is.

        Set it to a filter, a filter tree, rows, a selection or None: every open page of the case then shows it. A page tells
        what it picks when it is in a notebook, or when a function follows the selection (`on_selection`).
        """
        return self._evaluated(self._selection)

    @selection.setter
    def selection(self, where: Where | Selection | None) -> None:
        if isinstance(where, Selection):
            tree, text = self._tree(where.tree), where.text
        elif where is None or isinstance(where, str | Mapping):
            tree = self._tree(where)
            text = "" if tree is None else where if isinstance(where, str) else filters.to_text(tree)
        else:
            rows = self.rows(where)
            tree = {"op": "pick", "name": self.serving.make_pick(rows, keep=True)} if len(rows) else None
            text = f"{len(rows):,} instance{'' if len(rows) == 1 else 's'} picked in Python"
        self._selection = picked_by_python(tree, text)
        self._tell_pages(ServerEvent(type="selection", selection=self._selection))
        self._on_selection.tell(self.selection)

    def take_selection(self, tree: Mapping[str, Any] | None, parts: Sequence[SelectionPart], *, page: str) -> None:
        """Take what a page has picked; hosts call it.

        Raises
        ------
        FilterError
            The tree is none, or names what the case does not have.
        """
        checked = None if tree is None else dict(self._tree(tree))
        for part in parts:
            self._tree(part["tree"])
        self._selection = SelectionInfo(parts=list(parts), tree=checked, page=page)
        if self._on_selection:
            self._on_selection.tell(self.selection)

    def on_selection(self, function: Callable[[Selection | None], object]) -> Callable[[], None]:
        """Call a function with the selection whenever it changes; returns how to stop.

        It is called in the thread that answers the page, so it should be quick; when it fails, that is printed and said on
        the page.
        """
        first = not self._on_selection
        stop = self._on_selection.add(function)
        if first:
            self._tell_pages(ServerEvent(type="listening", listening=True))
        return stop

    def on_edit(self, function: Callable[[Edit], object]) -> Callable[[], None]:
        """Call a function with every edit from now on, by whomever, undone ones too; returns how to stop. As `on_selection`."""
        assert self.serving.version
        return self._on_edit.add(function)

    def tag(self, where: Where, tag: str) -> Edit:
        """Put a tag on instances."""
        return self._edit("tag", where, tag)

    def untag(self, where: Where, tag: str) -> Edit:
        """Take a tag off instances."""
        return self._edit("untag", where, tag)

    def note(self, where: Where, text: str | None) -> Edit:
        """Write a note on instances; None takes it off."""
        return self._edit("note", where, text)

    def exclude(self, where: Where) -> Edit:
        """Take instances out of all counts."""
        return self._edit("exclude", where, None)

    def include(self, where: Where) -> Edit:
        """Take excluded instances in again."""
        return self._edit("include", where, None)

    def flag(self, where: Where, on: bool = True) -> Edit:
        """Flag instances for a second look."""
        return self._edit("flag", where, on)

    def confirm(self, where: Where, on: bool = True) -> Edit:
        """Say that labels are right as they are; False takes it back."""
        return self._edit("confirm", where, on)

    def relabel(self, where: Where, label: str | Sequence[str | None] | None) -> Edit:
        """Give instances another label, one for all or one each; None takes it off. The source is never changed."""
        return self._edit("label", where, label)

    def undo(self, author: str | None = None) -> EditAnswer:
        """Take back the last edit."""
        return self._back_or_forth("undo", author)

    def redo(self, author: str | None = None) -> EditAnswer:
        """Do again what was taken back."""
        return self._back_or_forth("redo", author)

    def history(self) -> list[Edit]:
        """All edits, in order."""
        return self.folder.journal.edits()

    def edit(
        self,
        op: str,
        *,
        where: Mapping[str, Any] | None = None,
        rows: Any = None,
        value: Any = None,
        seen: Any = None,
        author: str | None = None,
    ) -> EditAnswer:
        """Make one edit on the instances that a filter tree holds, or on rows.

        Parameters
        ----------
        op : see `underglass.store.Journal.append`.
        where : a filter tree; rows are taken from it now.
        rows : the instances, in place of `where`.
        value : a class name for ``label`` (or a list, one for each of `rows`), a tag, a text, or a subset's ``{"name", "kind"}``.
        seen : of a label what the person saw, a class name or None for each of `rows`; refused if it is not so any more.
        author : who; by default the case's author.

        Raises
        ------
        EditError
            The edit cannot be made; nothing is written.
        """
        with self._guard:
            self.sync()
            tree = None if where is None else filters.check(where, self.serving.column_types(), subsets=list(self.subsets))
            if op == "subset":
                rows, value = self._definition(value, tree, rows)
            elif op == "label":
                value = [self.code(one) for one in value] if isinstance(value, list | tuple) else self.code(value)
                seen = None if seen is None else [self.code(one) for one in seen]
            else:
                value = VALUE_KEPT.get(op) if value is None else value
            if rows is None and tree is not None and op not in NAMED:
                rows = self.serving.rows(tree)
            edit = self.folder.journal.append(op, rows=rows, new=value, old=seen, author=author)
            self.sync()
        return self._answer(edit)

    def sync(self) -> int:
        """Take in what was edited, by whomever; the data version after it."""
        with self._guard:
            serving, journal = self.serving, self.folder.journal
            last = journal.poll()
            if last == self._served_sequence:
                return serving.version
            edits = journal.edits(since=self._served_sequence)
            serving.apply(edits)
            self._served_sequence = edits[-1].sequence if edits else last
        self._tell()
        for edit in edits if self._on_edit else ():
            self._on_edit.tell(edit)
        return serving.version

    def listen(self, listener: Callable[[int], None]) -> Callable[[], None]:
        """Call `listener` with the data version whenever it moves; returns how to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def changed(self) -> None:
        """Tell the listeners that a result has come: its columns are served from now on."""
        self._tell()

    # pages -------------------------------------------------------------------------------------------------------

    def view(self, name: str, /, **props: Any) -> CaseView:
        """One view with its settings: in a notebook it draws itself, on a page it stands beside others.

        ``shown_for="site = 'north'"`` shows it for a filter of its own; ``shown_for={"model": "b"}`` for another model.

        Raises
        ------
        DataError
            No such view or setting; names the nearest and the known ones.
        """
        return checked_view(self, name, props)

    @property
    def pages(self) -> Mapping[str, Page]:
        """The pages that the case keeps, by name."""
        return {name: from_spec(spec, self) for name, spec in self.folder.journal.state().pages.items()}

    def page(self, name: str) -> Page:
        """A page that the case keeps.

        Raises
        ------
        DataError
            There is none of that name.
        """
        pages = self.pages
        if name not in pages:
            raise DataError(unknown("page", name, pages))
        return pages[name]

    def keep_page(self, page: Any) -> EditAnswer:
        """Keep a page, in place of one of the same name; an edit, so that it can be undone."""
        return self.edit("page", value={"page": page})

    def drop_page(self, name: str) -> EditAnswer:
        """Remove a page; an edit, so that it can be undone."""
        return self.edit("drop_page", value={"name": name})

    @cached_property
    def widgets(self) -> dict[str, Panel]:
        """The stock anywidgets that were given to this case, by name."""
        return {}

    def add_widget(self, name: str, widget: Any) -> Widget:
        """Let a stock anywidget stand on the pages of this case, for as long as it is open; gives what a page takes.

        Parameters
        ----------
        name : letters, digits, ``-`` and ``_``; another widget of that name is replaced.
        widget : an instance of a subclass of ``anywidget.AnyWidget``.

        Raises
        ------
        DataError
            The name will not do, or it is no anywidget.
        """
        if not name or not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
            raise DataError(f"a widget's name has letters, digits, - and _, not {name!r}")
        here = self.widgets.get(name)
        if here is None or here.widget is not widget:
            self.widgets[name] = Panel(name, widget, self._tell_widget)
            self._tell_widget(name, {"method": "added"})  # pages that are open already know of it then
        return Widget(self, name)

    def widget(self, name: str) -> Widget:
        """A widget that was given to this case, for a page.

        Raises
        ------
        DataError
            There is none of that name.
        """
        if name not in self.widgets:
            raise DataError(unknown("widget", name, self.widgets))
        return Widget(self, name)

    # news --------------------------------------------------------------------------------------------------------

    def follow(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """Tell a host everything its open pages must hear: versions, jobs, the selection, problems; returns how to stop."""
        self._told.append(listener)
        of_versions = self.listen(lambda version: listener(ServerEvent(type="version", version=version)))
        of_jobs = self.jobs.listen(lambda job: listener(ServerEvent(type="job", job=job.info())))

        def stop() -> None:
            of_versions()
            of_jobs()
            self._told.remove(listener)

        return stop

    def greeting(self) -> ServerEvent:
        """Where things stand, for a page that begins to listen."""
        event = ServerEvent(
            type="hello", case=self.folder.manifest.identity, version=self.serving.version, listening=bool(self._on_selection)
        )
        if self._selection["parts"] and not self._selection["page"]:
            event["selection"] = self._selection
        return event

    def report(self, problem: str) -> None:
        """Say on all open pages that something of a person's own went wrong."""
        self._tell_pages(ServerEvent(type="problem", text=problem))

    # showing -----------------------------------------------------------------------------------------------------

    def show(self, *, port: int = 0, open_browser: bool = True, height: int | None = None) -> None:
        """Show the whole app: in the cell, in a notebook; else in the browser until it is interrupted.

        Parameters
        ----------
        port : to serve at; 0 is any that is free. In a notebook nothing is served.
        open_browser : whether to open it.
        height : of the app in a cell, in CSS pixels [720].
        """
        from importlib import import_module

        notebook = import_module("underglass.hosts.notebook")
        if notebook.in_notebook():
            notebook.show(self, height=height)
            return
        import_module("underglass.hosts.server").serve(self, port=port, open_browser=open_browser)

    def export(
        self,
        path: str | Path,
        *,
        views: Sequence[str] | Page | Mapping[str, Any] | None = None,
        engine: str = "auto",
        media: str = "inline",
        max_mb: float = 50.0,
        where: Where | None = None,
    ) -> ExportedPage:
        """Write the case as a page that opens from a disk, without a server and without a network.

        Parameters
        ----------
        path : a file ending in ``.html``, or a folder; an export of that name is replaced.
        views : names of views, or a page made by `underglass.page`; by default all.
        engine : what answers the page's queries: ``"small"``, ``"duckdb"``, or ``"auto"``: DuckDB above 100,000 instances.
        media : pictures ``"inline"``, ``"copy"`` (beside it, needs a folder), ``"link"`` (to files below it) or ``"none"``.
        max_mb : a larger page is refused.
        where : only these instances; views that count with Python's help are then off.

        Raises
        ------
        DataError
            The page would be too large, or what is asked for is unknown; says what to do. Nothing is written.
        CaseError
            It cannot be written there.
        """
        from importlib import import_module

        made: ExportedPage = import_module("underglass.hosts.static").export(
            self, path, views=views, engine=engine, media=media, max_mb=max_mb, where=where
        )
        return made

    # within ------------------------------------------------------------------------------------------------------

    def _tell_widget(self, name: str, message: Mapping[str, Any]) -> None:
        self._tell_pages(ServerEvent(type="widget", widget=name, message=dict(message)))

    def _tell(self) -> None:
        version = self.serving.version if "serving" in self.__dict__ else 0
        for listener in list(self._listeners):
            listener(version)

    def _tell_pages(self, event: ServerEvent) -> None:
        for listener in list(self._told):
            listener(event)

    def _evaluated(self, given: SelectionInfo) -> Selection | None:
        tree = given["tree"]
        if tree is None:
            return None
        self.sync()
        return Selection(self.serving.rows(tree), " · ".join(part["text"] for part in given["parts"]), tree)

    def _captured(self) -> ModelFolder:
        model = self.model
        if model is None:
            raise ModelError("no model was captured into this case: case.capture(model) does it")
        return model

    def _dataset(self) -> Dataset:
        if self.dataset is None:
            from underglass.datasets import reopen

            self.dataset = reopen(self.folder.manifest.source, self.folder.instances, self.folder.media)
        return self.dataset

    def _tree(self, where: Where | None) -> Any:
        if where is None:
            return None
        self.sync()
        types, names = self.serving.column_types(), list(self.subsets)
        if isinstance(where, str):
            return filters.parse(where, types, subsets=names)
        if isinstance(where, Mapping):
            return filters.check(where, types, subsets=names)
        return {"op": "pick", "name": self.serving.make_pick(np.asarray(where, np.int32))}

    def _edit(self, op: str, where: Where, value: Any) -> Edit:
        if isinstance(where, str | Mapping):
            made = self.edit(op, where=self._tree(where), value=value)
        else:
            made = self.edit(op, rows=where, value=value)
        return self.folder.journal.edits(since=made["sequence"] - 1)[0]

    def code(self, label: str | None) -> int | None:
        """The index of a class by its name; None is unlabelled."""
        if label is None:
            return None
        classes = self.folder.manifest.classes
        if label not in classes:
            raise EditError(unknown("label", label, classes))
        return classes.index(label)

    def _definition(self, value: Any, tree: Any, rows: Any) -> tuple[Any, dict[str, Any]]:
        if not isinstance(value, Mapping) or not str(value.get("name", "")).strip():
            raise EditError("a subset needs a name")
        kind = value.get("kind", "live" if tree is not None else "frozen")
        definition = {"name": str(value["name"]).strip(), "kind": kind, "note": str(value.get("note", ""))}
        if kind == "live":
            if tree is None:
                raise EditError("a live subset needs a filter; give rows for a frozen one")
            if any(part == "pick" for part in _ops(tree)):
                raise EditError("what was picked instance by instance can be kept as a frozen subset only")
            return None, {**definition, "filter": tree}
        return (self.serving.rows(tree) if rows is None else rows), {**definition, "filter": None}

    def _back_or_forth(self, way: str, author: str | None) -> EditAnswer:
        with self._guard:
            edit: Edit | None = getattr(self.folder.journal, way)(author)
            if edit is None:
                raise EditError(f"there is nothing to {way}")
            self.sync()
        return self._answer(edit)

    def _answer(self, edit: Edit) -> EditAnswer:
        summary = edit.summary()
        return EditAnswer(
            version=self.serving.version,
            count=edit.count,
            summary=summary[:1].upper() + summary[1:],
            sequence=edit.sequence,
        )


def _ops(tree: Mapping[str, Any]) -> Iterator[str]:
    yield tree["op"]
    for term in [*tree.get("terms", ()), *([tree["term"]] if "term" in tree else [])]:
        yield from _ops(term)
