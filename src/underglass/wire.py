"""What crosses between Python and the browser: one description, from which the TypeScript types are generated.

Plain JSON only. `make types` writes ``web/src/runtime/wire.ts`` from this file; `make check` fails when they differ.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

ColumnType = Literal["number", "integer", "text", "category", "boolean", "time", "list"]
InstanceKind = Literal["image", "text", "row"]
JobState = Literal["queued", "running", "done", "failed", "cancelled"]
Role = Literal["viewer", "annotator", "owner"]
ViewGroup = Literal["case", "learned", "fails for", "labels", "learn"]


class ColumnInfo(TypedDict):
    """A column of the served table ``instances``."""

    name: str
    type: ColumnType
    nulls: int
    categories: list[str] | None
    min: float | str | None
    max: float | str | None


class LayerInfo(TypedDict):
    """A layer of a model; ``shape`` is one instance's output without the batch axis."""

    name: str
    type: str
    units: int
    shape: list[int]
    captured: bool


class ModelInfo(TypedDict):
    """A captured model; accuracies are fractions or null."""

    name: str
    layers: list[LayerInfo]
    pooling: list[str]
    output: str
    accuracy_stated: float | None
    accuracy_captured: float | None
    fingerprint: str
    captured_at: str
    attached: bool


class SubsetInfo(TypedDict):
    """A named set of instances; ``filter`` is its text when it is live, ``table`` the served table of its rows.

    ``problem`` says why a live subset cannot be evaluated any more, such as a column that is gone.
    """

    name: str
    table: str
    kind: Literal["live", "frozen"]
    count: int
    filter: str | None
    problem: str | None
    author: str
    time: str


class TagInfo(TypedDict):
    """A tag and on how many instances it is."""

    name: str
    count: int


class EditsInfo(TypedDict):
    """Where the journal stands, and what undo and redo would do, in words."""

    count: int
    sequence: int
    undo: str | None
    redo: str | None


class Card(TypedDict):
    """Why, for whom, what, how, when, from where, and within which limits a view is to be read."""

    why: str
    who: str
    what: str
    how: str
    when: str
    source: str
    limits: str


class ViewInfo(TypedDict):
    """A view as the rail and its frame need it; one that is not ``listed`` is a part of another page.

    ``fits`` says whether the case has what it needs. ``size`` is what it takes on a page, in columns and rows; ``beside`` whether
    it can be drawn for a model beside the active one, ``by_model`` which of its calls are told the model, ``alone`` why it
    cannot; ``module`` the address of the browser half of somebody else's view, ``by`` the package and version that bring it.
    """

    name: str
    listed: bool
    title: str
    group: ViewGroup
    question: str
    card: Card
    fits: bool
    size: tuple[int, int]
    beside: bool
    alone: str
    by_model: list[str]
    by: str
    module: str | None


class PatternsInfo(TypedDict):
    """A finished pattern search of one layer of a model, as the strip of layers shows it."""

    model: str
    layer: str
    key: str
    count: int
    none_share: float
    n: int
    settings: dict[str, Any]


class ProjectionInfo(TypedDict):
    """A finished projection of one layer."""

    layer: str
    key: str
    method: str
    n: int
    trustworthiness: float | None


class SkippedInfo(TypedDict):
    """An instance that could not be read, and why."""

    id: str
    reason: str


class BrokenInfo(TypedDict):
    """An extension of somebody else that cannot be used, and why."""

    name: str
    kind: str
    package: str
    reason: str


class RendererInfo(TypedDict):
    """Somebody's way to draw the instances of this case; ``module`` is the address of its browser half."""

    name: str
    title: str
    module: str


class Tile(TypedDict):
    """One place on a page, on a grid of 12 columns and rows of 48 px.

    ``props`` are given to the view or the widget; those that nobody knows survive a round trip. Of a view,
    ``props["shown_for"]`` is ``{"filter": typed, "model": name}``, both or one: what this tile alone shows. ``by`` is the package
    and version that brought the view when it was put here; without, the view is ours.
    """

    id: str
    kind: Literal["view", "text", "widget"]
    view: str | None
    props: dict[str, Any]
    text: str | None
    title: str | None
    x: int
    y: int
    width: int
    height: int
    by: NotRequired[str]


class Tab(TypedDict):
    """One sheet of a page."""

    title: str
    tiles: list[Tile]


class Page(TypedDict):
    """A composed page, the same in every host; ``version`` is that of this format."""

    name: str
    title: str
    tabs: list[Tab]
    version: int


class CaseInfo(TypedDict):
    """Everything the shell shows about a case; refetched when the data version moves.

    ``id`` tells the case from every other; ``role`` is that of who asks; ``signs_as`` the name their token binds them to, null
    where they may say it themselves.
    """

    id: str
    name: str
    kind: InstanceKind
    description: str
    instances: int
    excluded: int
    classes: list[str]
    models: list[ModelInfo]
    model: str | None
    columns: list[ColumnInfo]
    subsets: list[SubsetInfo]
    tags: list[TagInfo]
    edits: EditsInfo
    views: list[ViewInfo]
    patterns: list[PatternsInfo]
    projections: list[ProjectionInfo]
    pages: list[str]
    widgets: list[str]
    renderer: RendererInfo | None
    broken: list[BrokenInfo]
    suspects: int | None
    skipped: list[SkippedInfo]
    warnings: list[str]
    author: str
    role: Role
    signs_as: str | None
    version: int
    preaggregate: bool
    bytes: int


class Job(TypedDict):
    """Long work: what, how far, how long; the same in every host."""

    id: str
    kind: str
    title: str
    state: JobState
    done: int
    total: int
    stage: str
    seconds_left: float | None
    error: str | None
    details: str | None
    result: Any


class EditInfo(TypedDict):
    """One line of the journal, in words."""

    sequence: int
    time: str
    author: str
    op: str
    summary: str
    count: int
    undoes: int | None
    undone: bool


class Neighbour(TypedDict):
    """A near instance in a layer's space; ``distance`` in units of the pooled activations."""

    row: int
    distance: float
    label: str | None


class InstanceDetail(TypedDict):
    """What the side panel shows of one instance."""

    row: int
    id: str
    label: str | None
    original_label: str | None
    prediction: str | None
    correct: bool | None
    probabilities: list[tuple[str, float]]
    text: str | None
    missing: str | None
    metadata: list[tuple[str, Any]]
    tags: list[str]
    note: str | None
    excluded: bool
    subsets: list[str]
    layer: str | None
    neighbours: list[Neighbour]
    units: list[float]
    label_units: list[float]
    history: list[EditInfo]


class EditRequest(TypedDict):
    """An edit to make: on the rows that a filter tree holds, or on named rows.

    ``value`` of a label may be a list, one for each of ``rows``; ``seen`` is the label the person saw on each of them (of a page
    the page they saw), and the edit is refused where it is another by now. ``author`` signs; without it the server's own author
    does.
    """

    op: str
    where: NotRequired[dict[str, Any] | None]
    rows: NotRequired[list[int] | None]
    value: NotRequired[Any]
    seen: NotRequired[list[str | None] | Page | None]
    author: NotRequired[str | None]


class EditAnswer(TypedDict):
    """What an edit did."""

    version: int
    count: int
    summary: str
    sequence: int


class RecentCase(TypedDict):
    """A case that was opened on this machine."""

    name: str
    path: str
    model: str | None
    kind: InstanceKind
    instances: int
    classes: int
    accuracy_stated: float | None
    accuracy_captured: float | None
    edits: int
    opened: str


class DemoInfo(TypedDict):
    """A case that can be made here from data that ships with the package."""

    name: str
    title: str
    text: str
    command: str


class StartInfo(TypedDict):
    """What the start page shows."""

    recent: list[RecentCase]
    demos: list[DemoInfo]


class PersonInfo(TypedDict):
    """Somebody who has the case open, by the name that signs their edits; ``role`` says what they may do."""

    name: str
    role: Role


class SelectionPart(TypedDict):
    """One choice in a selection: the filter tree it is, in words, and whether clearing leaves it."""

    tree: dict[str, Any]
    text: str
    pinned: bool


class SelectionInfo(TypedDict):
    """What is picked: its parts, and all of them together as one filter tree; ``page`` names the page that picked, if one did."""

    parts: list[SelectionPart]
    tree: dict[str, Any] | None
    page: str


class ServerEvent(TypedDict):
    """What the server tells an open page of its own accord.

    ``case`` is the id of the case that is open now; ``listening`` says that Python follows the selection, so that pages send
    theirs; ``text`` of a ``problem`` is for people.
    """

    type: Literal["hello", "version", "job", "case", "people", "selection", "listening", "problem", "closed", "widget"]
    widget: NotRequired[str]
    message: NotRequired[dict[str, Any]]
    people: NotRequired[list[PersonInfo]]
    version: NotRequired[int]
    case: NotRequired[str]
    job: NotRequired[Job]
    session: NotRequired[str]
    selection: NotRequired[SelectionInfo]
    listening: NotRequired[bool]
    text: NotRequired[str]
