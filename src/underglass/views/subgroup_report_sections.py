"""What does each part of an audit's page say? Groups, gaps, two groups compared, own thresholds, groups nobody asked for."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from underglass.views.subgroup_report_drawing import dot, span
from underglass.views.subgroup_words import counted, percent, plain

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


def _groups(count: int) -> str:
    return "One group is" if count == 1 else f"{count:,} groups are each"


def own_thresholds(limits: Mapping[str, float], common: float) -> str:
    """Which groups are decided by a threshold of their own."""
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td class='r'>{limit:.4g}</td></tr>"
        for name, limit in list(limits.items())[:MOST_LISTED]
    )
    rest = f" {len(limits) - MOST_LISTED:,} more are not listed." if len(limits) > MOST_LISTED else ""
    return (
        f"<h2>Thresholds of single groups</h2><p>{_groups(len(limits))} decided by a threshold of its own. Its row, "
        "the gaps and the comparison below are counted with it; everyone, the dotted line and the search with "
        f"{common:.4g} for all.{rest}</p><table><thead><tr><th>group</th><th class='r'>threshold</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def groups_ranked(
    names: Sequence[str],
    found: Mapping[str, Any],
    everyone: Mapping[str, Any],
    *,
    words: Sequence[Mapping[str, Any]],
    min_size: int,
) -> str:
    """All groups by each chosen metric, worst first; small ones named."""
    large = [place for place, size in enumerate(found["size"]) if size >= min_size]
    small = [place for place, size in enumerate(found["size"]) if size < min_size]
    out = []
    for word in words:
        metric, whole = found["metrics"][word["name"]], everyone["metrics"][word["name"]]
        write = percent if word["share"] else plain
        scale = span(metric, whole, word, large)
        known = [place for place in large if metric["value"][place] is not None]
        order = sorted(known, key=lambda place: metric["value"][place] * (word["direction"] or 1))
        rest = [place for place in large if place not in order]
        rows = [_row("everyone", everyone["size"][0], whole, 0, word=word, scale=scale, whole=whole["value"][0])]
        rows += [
            _row(names[p], found["size"][p], metric, p, word=word, scale=scale, whole=whole["value"][0])
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
    scale: tuple[float, float],
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
        f'<tr><td>{html.escape(name)}</td><td class="r">{size:,}</td><td>{dot(value, low, high, whole, scale)}</td>'
        f'<td class="r">{note}</td><td class="r">{between}</td><td class="r">{counted(metric, place)}</td></tr>'
    )


def gaps_told(found: Mapping[str, Any], min_size: int) -> str:
    """How far the groups are apart, by each criterion."""
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


def pair_compared(found: Mapping[str, Any], words: Mapping[str, Mapping[str, Any]]) -> str:
    """Two groups in every metric."""
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


def suggested_groups(found: Mapping[str, Any], words: Mapping[str, Mapping[str, Any]]) -> str:
    """Groups that a search found, where chance does not explain them."""
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
