"""Which labels go with whom, without any ground truth? Metrics of association between identities and every other label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from underglass.analyses.association_metrics import METRICS
from underglass.analyses.association_stability import SIDES, stability
from underglass.analyses.associations import REST
from underglass.analyses.label_embedding import LabelEmbedding, embed_labels
from underglass.errors import DataError, unknown
from underglass.views.association_export import export, label_counts
from underglass.views.association_sources import RUN, begun, kept, kept_run, sources
from underglass.views.association_study import WORDS, Study, check_metric, instances_of, study
from underglass.views.layer_results import included
from underglass.views.view import View
from underglass.wire import Card

if TYPE_CHECKING:
    from underglass.case import Case

MOST_OFFERED = 400
MOST_KEPT, MOST_KEPT_PAIRS = 2_000, 6
"""Labels up to which an exported page keeps all metrics, and of how many identities and pairs of them."""


def offer(case: Case) -> dict[str, Any]:
    """What can be asked: sources, names that may stand for identities, and what the view begins with."""
    found, labels, begin = sources(case), [], []
    if found and found[0].kind != RUN:
        first = kept(case, found[0])
        assert first.sets.names is not None
        often = np.bincount(np.asarray(first.sets.found), minlength=first.sets.labels)
        order = np.argsort(-often, kind="stable")[:MOST_OFFERED]
        labels = [{"name": first.sets.names[at], "count": int(often[at])} for at in order if often[at]]
        begin = begun(case) or list(first.identities)
    truths = [
        name
        for name, kind in case.serving.column_types().items()
        if kind.kind == "boolean" and name not in ("correct", "excluded")
    ]
    own = [name for name in truths if name in case.folder.instances.column_names]
    if found and found[0].kind == RUN:
        begin = list(kept_run(case, found[0].name).identities())
    return {
        "sources": [source.json() for source in found],
        "labels": labels,
        "columns": own,
        "subsets": list(case.subsets),
        "begin": begin or (own[:3] if len(own) > 1 else [one["name"] for one in labels[:2]]),
        "chosen": bool(begin),
        "metrics": list(METRICS),
        "reasons": list(WORDS),
    }


def summary(case: Case, asked: Mapping[str, Any]) -> dict[str, Any]:
    """How many labels, and what each source is made of."""
    found = study(case, asked)
    return {
        "labels": len(found.labels),
        "identities": list(found.identities),
        "instances": _counted_instances(case, found),
        "sides": [
            {
                **side.source.json(),
                "items": side.counted.items if side.counted else None,
                "identity_count": [
                    int(side.counted.identity_count[at]) if side.counted and at >= 0 else None for at in side.identity.tolist()
                ],
                "labels": int((side.place >= 0).sum()),
                "decision": side.decision,
                "aligned": side.rows is not None,
            }
            for side in found.sides
        ],
    }


def names(case: Case, asked: Mapping[str, Any]) -> bytes:
    """Names of the labels: their number, the ends of each in bytes (uint32 all), then the text in UTF-8."""
    text = [name.encode("utf-8", "surrogatepass") for name in study(case, asked).labels]
    ends = np.cumsum([len(text), *(len(one) for one in text)]) - len(text)
    ends[0] = len(text)
    return bytes(ends.astype("<u4").tobytes() + b"".join(text))


def counts(case: Case, asked: Mapping[str, Any]) -> bytes:
    """For each source the labels' counts, then those with each identity, int32 (labels,) each; -1 where not known."""
    found = study(case, asked)
    parts = [np.vstack([total, joint]) for total, joint in (label_counts(found, side) for side in found.sides)]
    return np.concatenate(parts).astype("<i4").tobytes()


def column(  # noqa: PLR0917
    case: Case, asked: Mapping[str, Any], source: int, metric: str, a: int, b: int | str | None = None
) -> bytes:
    """One metric of one identity, or the gap of two: value (f64), low, high (f32), reason (u8), each (labels,)."""
    found = study(case, asked)
    side = _side(found, source)
    _check_identity(found, a)
    if b is not None and b != REST:
        _check_identity(found, b)
    value, low, high, reason = side.column(check_metric(metric), a, b)
    return b"".join(
        np.asarray(part, kind).tobytes() for part, kind in ((value, "<f8"), (low, "<f4"), (high, "<f4"), (reason, "u1"))
    )


def places(case: Case, asked: Mapping[str, Any]) -> bytes:
    """Where the labels lie on the map, float32 x then y (labels,); NaN for a label without a place."""
    found = study(case, asked)
    at, there = np.maximum(found.sides[0].place, 0), found.sides[0].place >= 0
    flat = np.where(there[:, None], _embedding(found).places[at], np.nan)
    return flat.T.astype("<f4").tobytes()


def similar(case: Case, asked: Mapping[str, Any], label: int) -> bytes:
    """Distance of every label to one, float64 (labels,): 0 the same, 2 the opposite; NaN for a label without a place."""
    found = study(case, asked)
    if not 0 <= label < len(found.labels):
        raise DataError(f"there is no label {label}; positions are 0 to {len(found.labels) - 1:,}.")
    place = found.sides[0].place
    vectors = np.where((place >= 0)[:, None], _embedding(found).vectors[np.maximum(place, 0)], np.nan)
    if np.isnan(vectors[label]).any():
        raise DataError(f"{found.labels[label]!r} never occurs with another label, so nothing is known to be like it.")
    if not vectors[label].any():
        raise DataError(f"{found.labels[label]!r} occurs with labels too far from most: its place is not known well enough.")
    return np.asarray(((vectors - vectors[label]) ** 2).sum(axis=1), "<f8").tobytes()


def report(  # noqa: PLR0917
    case: Case, asked: Mapping[str, Any], source: int, a: int, b: int | str, k: int = 100
) -> dict[str, Any]:
    """Whether another metric would have pointed at other labels; see `association_stability`."""
    found = study(case, asked)
    side = _side(found, source)
    _check_identity(found, a)
    if side.counted is None:
        raise DataError(f"{side.source.name} holds values and not all counts, so its metrics cannot be compared.")
    first, second = int(side.identity[a]), b if isinstance(b, str) else int(side.identity[b])
    if first < 0 or second == -1:
        raise DataError(f"one of the two identities is not in {side.source.name}.")
    told = stability(side.counted, first, second, k=k)
    gaps = {metric: side.counted.gap(metric, first, second) for metric in METRICS}
    return {
        "metrics": list(told.metrics),
        "sides": list(SIDES),
        "top": told.top.to_pylist(),
        "spearman": _plain(told.spearman),
        "kendall": _plain(told.kendall),
        "overlap": _plain(told.overlap),
        "frequency": _plain(told.frequency),
        "biased": list(told.biased),
        "k": k,
        "labels": {metric: int(np.isfinite(gap).sum()) for metric, gap in gaps.items()},
    }


def pick(case: Case, asked: Mapping[str, Any], source: int, label: int, identity: str | None = None) -> dict[str, Any]:
    """Keep the instances of a label as a pick, so that they can be shown, marked and edited together."""
    found = study(case, asked)
    rows = instances_of(_side(found, source), found.labels[label], identity, case)
    return {"name": case.serving.make_pick(rows), "count": len(rows)}


def marks(case: Case, asked: Mapping[str, Any]) -> dict[str, list[int]]:
    """Positions of the labels that are flagged, and of those that are hidden."""
    overlay, labels = case.folder.journal.state(), study(case, asked).labels
    flagged, hidden = overlay.flags.get("label", frozenset()), overlay.hides.get("label", frozenset())
    if not flagged and not hidden:
        return {"flagged": [], "hidden": []}
    return {
        "flagged": [at for at, name in enumerate(labels) if name in flagged],
        "hidden": [at for at, name in enumerate(labels) if name in hidden],
    }


def mark(case: Case, asked: Mapping[str, Any], op: str, labels: Sequence[int], on: bool = True) -> dict[str, Any]:
    """Flag or hide labels, or take that back: one edit, however many labels."""
    if op not in ("flag", "hide"):
        raise DataError(unknown("mark", op, ("flag", "hide")))
    told = study(case, asked).labels
    chosen = sorted({told[at] for at in labels if 0 <= at < len(told)})
    if not chosen:
        raise DataError("no label was chosen.")
    answer = case.edit(op, value={"kind": "label", "ids": chosen, "on": bool(on)})
    return dict(answer)


def take_away(  # noqa: PLR0917
    case: Case,
    asked: Mapping[str, Any],
    format: str,
    metrics: Sequence[str] = ("npmi_xy",),
    pairs: Sequence[Sequence[Any]] = (),
    labels: Sequence[int] | None = None,
) -> bytes:
    """Counts, values, intervals and reasons as a file; see `association_export.export`."""
    return export(case, study(case, asked), format, metrics=metrics, pairs=pairs, labels=labels)


_embedded: dict[int, tuple[Study, LabelEmbedding]] = {}


def _embedding(found: Study) -> LabelEmbedding:
    """The map of the first source; kept for the study it was made for."""
    kept_for = _embedded.get(id(found))
    if kept_for is not None and kept_for[0] is found:
        return kept_for[1]
    side = found.sides[0]
    if side.run is not None:
        if side.run.embeddings is None:
            raise DataError(f"{side.source.name} holds no embedding, and no items to learn one from.")
        given = side.run.embeddings
        centred = given - given.mean(axis=0)
        _, spread, across = np.linalg.svd(centred, full_matrices=False)
        made = LabelEmbedding(given, centred @ across[:2].T, (spread**2 / (spread**2).sum())[:2])
    else:
        assert side.kept is not None
        assert side.kept.sets.starts is not None
        assert side.kept.sets.found is not None
        made = embed_labels(side.kept.sets.starts, side.kept.sets.found, side.kept.sets.labels)
    _embedded.clear()
    _embedded[id(found)] = (found, made)
    return made


def _counted_instances(case: Case, found: Study) -> int:
    rows = found.sides[0].rows
    return len(rows) if rows is not None else found.sides[0].counted.items if found.sides[0].counted else len(included(case))


def _side(found: Study, source: int) -> Any:
    if not 0 <= source < len(found.sides):
        raise DataError(f"there is no source {source}; there are {len(found.sides)}.")
    return found.sides[source]


def _check_identity(found: Study, position: Any) -> None:
    if not isinstance(position, int) or not 0 <= position < len(found.identities):
        raise DataError(f"there is no identity {position!r}; there are {len(found.identities)}.")


def _plain(values: Any) -> Any:
    """Nested lists without NaN."""
    if isinstance(values, float):
        return None if np.isnan(values) else values
    return [_plain(one) for one in (values.tolist() if isinstance(values, np.ndarray) else values)]


def kept_answers(case: Case) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """What an exported page keeps: the counts and usual measures of the identities that the view begins with, and the map."""
    told = offer(case)
    yield "offer", {}, told
    asked = {"sources": told["sources"][:1], "identities": told["begin"], "min_count": 0}
    given = {"asked": asked}
    found = summary(case, asked)
    yield "summary", given, found
    yield "marks", given, marks(case, asked)
    yield "names", given, names(case, asked)
    yield "counts", given, counts(case, asked)
    identities = range(len(found["identities"]))
    pairs: list[tuple[int, int | str | None]] = [(a, None) for a in identities]
    pairs += [(a, b) for a in identities for b in identities if a < b]
    pairs += [(a, REST) for a in identities if len(identities) > 2]
    for metric in METRICS if found["labels"] <= MOST_KEPT else ("npmi_xy",):
        for a, b in pairs[:MOST_KEPT_PAIRS]:
            for source in range(len(found["sides"])):
                yield (
                    "column",
                    {**given, "source": source, "metric": metric, "a": a, "b": b},
                    column(case, asked, source, metric, a, b),
                )
    for a, b in [(a, b) for a, b in pairs if b is not None][:MOST_KEPT_PAIRS]:
        for source in range(len(found["sides"])):
            with suppress(DataError):  # values alone have no counts to compare metrics by
                yield "report", {**given, "source": source, "a": a, "b": b, "k": 100}, report(case, asked, source, a, b)
    with suppress(DataError):  # a run without embeddings has no map
        yield "places", given, places(case, asked)


VIEW = View(
    name="associations",
    title="Associations",
    group="fails for",
    question="Which labels go with whom?",
    card=Card(
        why="To find what a model or a data set associates with an identity, where nobody has labelled the truth.",
        who="People who must answer for a model with very many labels; auditors with a table of tags.",
        what="How often each label occurs with each identity, more than by chance: ten published metrics and the gap between "
        "two identities. A model's labels are those above a threshold, or its most probable classes.",
        how="Positive: the label goes more with the first identity. The line is the 95 % interval, the dots are counts. "
        "Brush a distribution to filter, click a label to see its instances, flag what a person should judge.",
        when="Before release, and again after data, labels or threshold were changed: put both runs side by side.",
        source="Aka, Burke, Bäuerle, Greer, Mitchell 2021, Measuring Model Biases in the Absence of Ground Truth; "
        "Bäuerle et al. 2022, Visual Identification of Problematic Bias in Large Label Spaces.",
        limits="An association is not a fault: only a person can say which of them is. It is no better than the identity labels. "
        "Rare labels have wide intervals; look at the counts and at whether other metrics agree.",
    ),
    alone="counts sets of labels that are chosen in it, whatever model is active",
    calls={
        "offer": offer,
        "summary": summary,
        "names": names,
        "counts": counts,
        "column": column,
        "places": places,
        "similar": similar,
        "report": report,
        "pick": pick,
        "marks": marks,
        "mark": mark,
        "take_away": take_away,
    },
    kept=kept_answers,
    order=1,
    needs=("label sets",),
    props={
        "identities": "labels whose associations are compared, as a JSON list",
        "min": "labels that occur less often are left out",
        "tab": "list, parallel, map or metrics",
    },
    size=(12, 16),
)
