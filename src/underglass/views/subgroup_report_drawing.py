"""What does a page of an audit look like? Its style, its frame, and the dot with its interval."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

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


def page(title: str, parts: Sequence[str]) -> str:
    """Parts as one HTML page that needs nothing else."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>{''.join(parts)}</body></html>"
    )


def dot(value: float | None, low: float | None, high: float | None, whole: float | None, span: tuple[float, float]) -> str:
    """A value with its interval on a scale from the first to the second end of `span`; the dotted line is everyone."""
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


def span(
    found: Mapping[str, Any], everyone: Mapping[str, Any], word: Mapping[str, Any], shown: Sequence[int]
) -> tuple[float, float]:
    """Both ends of a metric's scale: 0 to 1 of a share, else what holds 0 and every value shown."""
    if word["share"]:
        return 0.0, 1.0
    values = [found[end][place] for end in ("low", "value", "high") for place in shown] + everyone["value"]
    known = [value for value in values if value is not None]
    return (min([0.0, *known]), max([0.0, *known])) if known else (0.0, 1.0)
