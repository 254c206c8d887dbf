"""How does an audit leave the case? A group as JSON, all groups as CSV, and a page for readers without statistics."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from underglass.views.subgroup_audit import Asked, Audit, audit_of
from underglass.views.subgroup_finding import suggest
from underglass.views.subgroup_groups import distributions, make_groups, measured, members_of, name_of, tree_of
from underglass.views.subgroup_judging import compare, gaps
from underglass.views.subgroup_words import counted, metric_words, percent, plain, sides
from underglass.views.tables import write_table

if TYPE_CHECKING:
    from underglass.case import Case

Spec = Mapping[str, Any]
MOST_LISTED = 60
MOST_SUGGESTED = 6
FEW = 10
"""A rate of fewer is shown, and called neither worst nor best."""
CRITERIA = {
    "demographic_parity": ("Selected equally often", "difference of the selection rates"),
    "equal_opportunity": ("Found equally often", "difference of the recalls"),
    "equalized_odds": (
        "Found and wrongly flagged equally often",
        "the larger of the differences of recall and false positive rate",
    ),
}
STYLE = """
:root{color-scheme:light dark;--ink:#1b1d20;--ink2:#43474d;--muted:#62666c;--bg:#fff;--rule:#c6c7c3;--hair:#e5e5e0;--mark:#62666c;
--pick:#1f5fd0;--sunken:#f5f5f1}
@media(prefers-color-scheme:dark){:root{--ink:#eceded;--ink2:#c4c8cb;--muted:#9a9fa5;--bg:#181b1e;--rule:#444a50;--hair:#2a2e32;
--mark:#9a9fa5;--pick:#6fa3ff;--sunken:#22262a}}
body{font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:var(--ink);background:var(--bg);max-width:860px;
margin:40px auto 80px;padding:0 20px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px}h2{font-size:18px;margin:36px 0 6px}p{max-width:70ch;margin:6px 0}
.muted{color:var(--muted)}.small{font-size:13px}.lead{font-size:17px;line-height:1.5;max-width:62ch;margin:16px 0}
.box{background:var(--sunken);border-radius:6px;padding:12px 16px;margin:14px 0}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
th{font-weight:400;font-size:12px;color:var(--muted);text-align:left;border-bottom:1px solid var(--rule);padding:4px 10px 4px 0;
vertical-align:bottom}
td{border-bottom:1px solid var(--hair);padding:5px 10px 5px 0;vertical-align:middle;overflow-wrap:anywhere}
.r{text-align:right;white-space:nowrap}svg{display:block}.scroll{overflow-x:auto}
@media print{body{margin:0}.box{border:1px solid var(--rule)}}
"""


def group_json(
    case: Case, asked: Asked, group: Spec, *, threshold: float | None = None, own: float | None = None
) -> dict[str, Any]:
    """A group with its definition, instances, metrics with counts and intervals, and distributions."""
    audit = audit_of(case, asked)
    rows = members_of(case, audit, group)
    limit = own if own is not None else threshold
    found = measured(audit, [rows], threshold=limit)
    ids = case.folder.instances["id"]
    definition: dict[str, Any] = {"name": name_of(audit, group)}
    if "kept" not in group:
        definition["filter"] = tree_of(case, audit, group)
    spread = distributions(audit, [rows]) or {}
    return {
        "case": case.name,
        "model": audit.model,
        "positive": None if audit.focus is None else audit.classes[audit.focus],
        "threshold": limit if limit is not None else audit.threshold if audit.score is not None else None,
        "group": definition,
        "size": len(rows),
        "of": audit.n,
        "cells": None if found["cells"] is None else dict(zip(("tp", "fp", "tn", "fn"), found["cells"][0], strict=True)),
        "metrics": {
            name: {end: None if values[end] is None else values[end][0] for end in values}
            for name, values in found["metrics"].items()
        },
        "distributions": {
            feature.name: dict(zip(feature.labels, spread[feature.name][0], strict=True))
            for feature in audit.features
            if feature.name in spread
        },
        "rows": audit.rows[rows].tolist(),
        "ids": [ids[int(row)].as_py() for row in audit.rows[rows]],
    }


def groups_table(
    case: Case, asked: Asked, makings: Sequence[Mapping[str, Any]], format: str = "csv", *, threshold: float | None = None
) -> bytes:
    """All groups as a file: name, size, cells, every metric with its counts and interval."""
    audit = audit_of(case, asked)
    made = make_groups(audit, makings)
    found = measured(audit, made.members, threshold=threshold)
    columns: dict[str, Any] = {"group": pa.array(made.names(audit), pa.string()), "size": pa.array(found["size"], pa.int64())}
    if found["cells"] is not None:
        for place, name in enumerate(("tp", "fp", "tn", "fn")):
            columns[name] = pa.array([row[place] for row in found["cells"]], pa.int64())
    for name, values in found["metrics"].items():
        columns[name] = pa.array(values["value"], pa.float64())
        for end in ("low", "high"):
            columns[f"{name}_{end}"] = pa.array(values[end], pa.float64())
        for end in ("count", "of"):
            if values[end] is not None:
                columns[f"{name}_{end}"] = pa.array(values[end], pa.int64())
    return write_table(pa.table(columns), format)


def report(
    case: Case,
    asked: Asked,
    makings: Sequence[Mapping[str, Any]],
    *,
    metrics: Sequence[str],
    min_size: int = 30,
    threshold: float | None = None,
    pinned: Spec | None = None,
    other: Spec | None = None,
) -> str:
    """The audit as one HTML page that needs nothing else."""
    audit = audit_of(case, asked)
    words = {one["name"]: one for one in metric_words(audit)}
    chosen = [name for name in metrics if name in words] or list(words)[:3]
    made = make_groups(audit, makings)
    found, everyone = measured(audit, made.members, threshold=threshold), measured(audit, _all(audit), threshold=threshold)
    names = made.names(audit)
    parts = [_head(case, audit, threshold), _how_to_read()]
    parts.append(_groups(names, found, everyone, words=[words[name] for name in chosen], min_size=min_size))
    if audit.task == "rates" and len(names) > 1:
        parts.append(_gaps(gaps(case, asked, makings, min_size=min_size, threshold=threshold), min_size))
    if pinned is not None:
        parts.append(_pair(compare(case, asked, pinned, other, threshold=threshold), words))
    parts.append(_suggested(suggest(case, asked, metric=_searched(audit, chosen), threshold=threshold), words))
    parts.append(_limits(audit, len(names) * len(chosen)))
    title = html.escape(f"{case.name}: for whom does {_called(audit)} fail?")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )


def _all(audit: Audit) -> list[Any]:
    import numpy as np

    return [np.arange(audit.n)]


def _searched(audit: Audit, chosen: Sequence[str]) -> str:
    if audit.task == "classes":
        return "accuracy"
    if audit.task == "numbers":
        return next((name for name in chosen if name in ("mae", "mse", "mean_error")), "mae")
    return next((name for name in chosen if name not in ("base_rate",)), "accuracy")


def _called(audit: Audit) -> str:
    """The score in a sentence."""
    return "the score" if audit.model == "score" else f"the score “{audit.model}”"


def _head(case: Case, audit: Audit, threshold: float | None) -> str:
    told = [f"{audit.n:,} instances of {audit.shown:,} shown have a label and a score."]
    if audit.unlabelled:
        told.append(f"{audit.unlabelled:,} have no label and {audit.unscored:,} no score; they are counted nowhere.")
    if audit.task == "rates":
        side = sides(audit)
        told.append(f"Counted as positive: {side['p']}.")
        if audit.score is not None:
            limit = threshold if threshold is not None else audit.threshold
            told.append(f"A score of {limit:g} or more predicts {side['p']}, less predicts {side['n']}.")
    when = datetime.now(UTC).strftime("%d %B %Y").lstrip("0")
    return (
        f"<h1>For whom does {html.escape(_called(audit))} fail?</h1>"
        f'<p class="muted">{html.escape(case.name)}, {when}</p><p class="lead">{html.escape(" ".join(told))}</p>'
    )


def _how_to_read() -> str:
    return (
        '<div class="box"><p><strong>How to read this page.</strong> Each row is a group of people or things. The '
        "dot is what was "
        "counted in the group; the line through it is where the true value may well lie (19 times in 20). A long line means that "
        "the group is small and little is known. The dotted line is everyone together. Two groups whose lines "
        "overlap a good deal "
        "may not differ at all. A dash (–) means that the number does not exist, with the reason; it is never 0.</p></div>"
    )


def _dot(value: float | None, low: float | None, high: float | None, whole: float | None, span: tuple[float, float]) -> str:
    width, height = 150, 18
    start, end = span

    def x(at: float) -> float:
        return round(6 + (width - 12) * (at - start) / ((end - start) or 1), 1)

    dotted = (
        ""
        if whole is None
        else f'<line x1="{x(whole)}" x2="{x(whole)}" y1="1" y2="17" stroke="var(--mark)" stroke-dasharray="1 2"/>'
    )
    if value is None:
        return f'<svg width="{width}" height="{height}" aria-hidden="true">{dotted}</svg>'
    line = (
        ""
        if low is None or high is None
        else f'<line x1="{x(low)}" x2="{x(high)}" y1="9" y2="9" stroke="var(--ink)" stroke-width="1.5"/>'
    )
    return (
        f'<svg width="{width}" height="{height}" aria-hidden="true"><line x1="6" x2="{width - 6}" y1="9" y2="9" '
        f'stroke="var(--hair)"/>{dotted}{line}<circle cx="{x(value)}" cy="9" r="3.5" fill="var(--ink)"/></svg>'
    )


def _span(
    found: Mapping[str, Any], everyone: Mapping[str, Any], word: Mapping[str, Any], shown: Sequence[int]
) -> tuple[float, float]:
    if word["share"]:
        return 0.0, 1.0
    values = [found[end][place] for end in ("low", "value", "high") for place in shown] + everyone["value"]
    known = [value for value in values if value is not None]
    return (min([0.0, *known]), max([0.0, *known])) if known else (0.0, 1.0)


def _groups(
    names: Sequence[str],
    found: Mapping[str, Any],
    everyone: Mapping[str, Any],
    *,
    words: Sequence[Mapping[str, Any]],
    min_size: int,
) -> str:
    large = [place for place, size in enumerate(found["size"]) if size >= min_size]
    small = [place for place, size in enumerate(found["size"]) if size < min_size]
    out = []
    for word in words:
        metric, whole = found["metrics"][word["name"]], everyone["metrics"][word["name"]]
        write = percent if word["share"] else plain
        span = _span(metric, whole, word, large)
        known = [place for place in large if metric["value"][place] is not None]
        order = sorted(known, key=lambda place: metric["value"][place] * (word["direction"] or 1))
        rest = [place for place in large if place not in order]
        rows = [_row("everyone", everyone["size"][0], whole, 0, word=word, span=span, whole=whole["value"][0])]
        rows += [
            _row(names[p], found["size"][p], metric, p, word=word, span=span, whole=whole["value"][0])
            for p in (order + rest)[:MOST_LISTED]
        ]
        worst = ""
        sure = [place for place in order if metric["of"] is None or metric["of"][place] >= FEW]
        if len(sure) > 1 and word["direction"]:
            a, b = sure[0], sure[-1]
            worst = (
                f"<p>Worst in <strong>{html.escape(names[a])}</strong>: {write(metric['value'][a])}; best in "
                f"<strong>{html.escape(names[b])}</strong>: {write(metric['value'][b])}.</p>"
            )
        out.append(
            f"<h2>{html.escape(word['title'])}</h2><p class='muted'>{html.escape(word['means'])}</p>{worst}"
            f'<div class="scroll"><table><thead><tr><th>group</th><th class="r">size</th><th></th><th class="r">value</th>'
            f'<th class="r">may lie between</th><th class="r">counted</th></tr></thead><tbody>{"".join(rows)}</tbody>'
            "</table></div>"
        )
        if len(order + rest) > MOST_LISTED:
            out.append(f'<p class="small muted">{len(order + rest) - MOST_LISTED:,} more groups are not listed.</p>')
    if small:
        listed = "; ".join(f"{html.escape(names[p])} ({found['size'][p]:,})" for p in small[:MOST_LISTED])
        out.append(
            f"<h2>Too few to say</h2><p>{len(small):,} groups have fewer than {min_size} members. Their rates would be mostly "
            f'chance, so they are named and not ranked.</p><p class="small muted">{listed}</p>'
        )
    return "".join(out)


def _row(
    name: str,
    size: int,
    metric: Mapping[str, Any],
    place: int,
    *,
    word: Mapping[str, Any],
    span: tuple[float, float],
    whole: float | None,
) -> str:
    write = percent if word["share"] else plain
    value, low, high = (metric[end][place] for end in ("value", "low", "high"))
    between = "" if low is None or high is None else f"{write(low)} and {write(high)}"
    note = (
        f"– <span class='small muted'>{html.escape(word['absent'])}</span>"
        if value is None
        else f"<strong>{write(value)}</strong>"
    )
    return (
        f'<tr><td>{html.escape(name)}</td><td class="r">{size:,}</td><td>{_dot(value, low, high, whole, span)}</td>'
        f'<td class="r">{note}</td><td class="r">{between}</td><td class="r">{counted(metric, place)}</td></tr>'
    )


def _gaps(found: Mapping[str, Any], min_size: int) -> str:
    rows = []
    for row in found["rows"]:
        if row["criterion"] not in CRITERIA:
            continue
        title, meaning = CRITERIA[row["criterion"]]
        if row["difference"] is None:
            rows.append(
                f"<tr><td>{title}<br><span class='small muted'>{meaning}</span></td><td class='r'>–</td><td></td><td></td></tr>"
            )
            continue
        points = f"{100 * row['difference']:.0f} points"
        between = f"{100 * row['difference_low']:.0f} to {100 * row['difference_high']:.0f}"
        rows.append(
            f"<tr><td>{title}<br><span class='small muted'>{meaning}</span></td><td class='r'><strong>{points}</strong></td>"
            f"<td class='r'>{between}</td><td>lowest: {html.escape(row['lowest'])}<br>highest: "
            f"{html.escape(row['highest'])}</td></tr>"
        )
    if not rows:
        return ""
    return (
        f"<h2>How far are the groups apart?</h2><p>Between {found['groups']} groups of at least {min_size}. The largest of many "
        "differences is above zero by chance alone; look at the interval. Which of these should be equal is a "
        "question of values, "
        "not of statistics; they cannot all be.</p><table><thead><tr><th>would be equal if …</th><th class='r'>gap</th>"
        f"<th class='r'>may lie between</th><th></th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _pair(found: Mapping[str, Any], words: Mapping[str, Mapping[str, Any]]) -> str:
    rows = []
    for row in found["rows"]:
        word = words.get(row["metric"])
        if word is None:
            continue
        write = percent if word["share"] else plain
        scale = 100 if word["share"] else 1
        gap = "–" if row["gap"] is None else f"{scale * row['gap']:+.3g}".replace("-", "−")
        between = (
            "" if row["gap_low"] is None else f"{scale * row['gap_low']:.3g} to {scale * row['gap_high']:.3g}".replace("-", "−")
        )
        strong = ("<strong>", "</strong>") if row["clear"] else ("", "")
        rows.append(
            f"<tr><td>{html.escape(word['title'])}<br><span class='small muted'>{html.escape(word['means'])}</span></td>"
            f"<td class='r'>{write(row['a'])}</td><td class='r'>{write(row['b'])}</td><td class='r'>"
            f"{strong[0]}{gap}{strong[1]}</td>"
            f"<td class='r'>{between}</td></tr>"
        )
    sizes = found["sides"]["size"]
    unit = "points" if any(word["share"] for word in words.values()) else "the score's unit"
    return (
        f"<h2>Two groups compared</h2><p><strong>{html.escape(found['a'])}</strong> ({sizes[0]:,}) against "
        f"<strong>{html.escape(found['b'])}</strong> ({sizes[1]:,}). Differences in {unit}; bold where chance is an unlikely "
        f"explanation. {len(rows)} comparisons were made: expect one in twenty to be bold by chance.</p><table>"
        "<thead><tr><th></th>"
        "<th class='r'>first</th><th class='r'>second</th><th class='r'>difference</th><th class='r'>may lie "
        "between</th></tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _suggested(found: Mapping[str, Any], words: Mapping[str, Mapping[str, Any]]) -> str:
    word = words.get(found["metric"]) or {"title": found["metric"], "share": False, "direction": found["direction"]}
    write = percent if word["share"] else plain
    clear = [card for card in found["cards"] if card["q"] is not None and card["q"] < 0.05]
    worse = [card for card in clear if not word["direction"] or card["divergence"] * word["direction"] < 0][:MOST_SUGGESTED]
    head = (
        f"<h2>Groups nobody asked for</h2><p>{found['tested']:,} combinations of values were searched for a worse "
        f"{html.escape(word['title'].lower())}. "
    )
    if not worse:
        return head + "None is worse than everyone else by more than chance explains.</p>"
    rows = [
        f"<tr><td>{html.escape(card['name'])}</td><td class='r'>{card['size']:,}</td><td class='r'><strong>{write(card['value'])}"
        f"</strong></td><td class='r'>{write(card['value_low'])} to {write(card['value_high'])}</td><td class='r'>"
        f"{_chance(card['q'])}</td></tr>"
        for card in worse
    ]
    return (
        f"{head}Everyone: {write(found['overall'])}. The last column says how many of the groups found at least "
        "this clearly would "
        "be chance.</p><table><thead><tr><th>group</th><th class='r'>size</th><th class='r'>"
        f"{html.escape(word['title'].lower())}</th>"
        f"<th class='r'>may lie between</th><th class='r'>chance (q)</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _chance(q: float) -> str:
    return "under 0.1 %" if q < 0.001 else f"{100 * q:.1f} %"


def _limits(audit: Audit, tests: int) -> str:
    told = [
        f"{tests:,} rates stand on this page. Among that many, some look striking by chance.",
        "A label may be wrong itself, and more often in some groups than in others; this page takes labels as they are.",
        "A rate says that a group is treated differently, not why.",
    ]
    if audit.notes:
        told += list(audit.notes)
    items = "".join(f"<li>{html.escape(one)}</li>" for one in told)
    return (
        f"<h2>What this page cannot say</h2><ul>{items}</ul><p class='small muted'>Intervals of rates are Wilson's "
        "at 95 %; of F1 and "
        "of differences, a bootstrap over the cells of the confusion matrix; of mean errors, Student's. q is "
        "Benjamini and Hochberg's "
        f"over all groups searched. Made with underglass {_version()}.</p>"
    )


def _version() -> str:
    from underglass import __version__

    return __version__


def as_json(value: Any) -> bytes:
    """Plain JSON as a file."""
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
