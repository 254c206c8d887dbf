"""All ten metrics, the mean of the others, least counts, files and addresses of the associations view, by hand and by scipy."""

from __future__ import annotations

import io
import json
import math
import zipfile
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau, spearmanr

from browser.describing import reload, until
from underglass import datasets
from underglass.analyses.associations import associate
from underglass.case import Case
from underglass.datasets.npmi_runs import read_npmi

VIEW = "associations"
N = 2_000
WHO = ("man", "woman", "child")
METRICS = ("dp", "jaccard", "sdc", "llr", "pmi", "npmi_y", "npmi_xy", "pmi2", "tau_b", "t_test")


def people_and_tags():
    """Three identities, one an item, and 24 tags: `tie` and `knot` always together, `doll` never with a man, `none` nowhere."""
    r = np.random.default_rng(4)
    who = r.choice([0, 1, 2, 3], N, p=[0.4, 0.3, 0.2, 0.1])
    table = {"id": np.arange(N)} | {name: who == place for place, name in enumerate(WHO)}
    table |= {f"tag {j:02d}": r.random(N) < 0.02 + 0.02 * j for j in range(20)}
    table["tie"] = r.random(N) < np.array([0.4, 0.05, 0.05, 0.1])[who]
    table["knot"] = table["tie"].copy()
    table["doll"] = (who != 0) & (r.random(N) < 0.1)
    return table | {"none": np.zeros(N, bool)}


def by_hand(x, y):
    """The ten metrics as they are published; None where they are not defined."""
    a, b, j = x.mean(), y.mean(), (x & y).mean()
    if not b:
        return dict.fromkeys(METRICS) | dict.fromkeys(("dp", "jaccard", "sdc"), 0.0)
    ln = lambda v: math.log(v) if v else -math.inf  # noqa: E731
    pmi = ln(j / (a * b))
    return {
        "dp": j / a,
        "jaccard": j / (a + b - j),
        "sdc": j / (a + b),
        "llr": ln(j / b),
        "pmi": pmi,
        "npmi_y": pmi / -ln(b),
        "npmi_xy": pmi / -ln(j) if j else -1.0,
        "pmi2": ln(j * j / (a * b)),
        "tau_b": kendalltau(x, y).statistic,
        "t_test": (j - a * b) / math.sqrt(a * b),
    }


@pytest.fixture
def tagged(tmp_path, serve_case):
    table = people_and_tags()
    case = Case.create_labelled(tmp_path / "tags.case", datasets.read_labels(table), identities=list(WHO))
    return case, table, serve_case(case)


def seen(page, condition):
    """The view's numbers once a condition on them, `d`, holds."""
    return until(page, f"(() => {{ const d = window.underglass?.describe('{VIEW}'); return d && ({condition}) && d; }})()")


def opened(open_page, address, **props):
    given = "&".join(f"p.{name}={quote(json.dumps(value))}" for name, value in props.items())
    page = open_page(f"{address}#associations{'?' + given if given else ''}")
    seen(page, "d.rows.length > 5 && d.violins.length && d.violins.every((one) => one.bins.length > 1)")
    return page


def gap(table, metric, label, a, *others):
    """The value of an identity less the mean of others'; None where one of them is not a number."""
    values = [by_hand(table[name], table[label])[metric] for name in (a, *others)]
    return None if None in values or not np.isfinite(values).all() else values[0] - float(np.mean(values[1:]))


def test_ten_metrics_and_their_gaps_with_the_mean_of_the_others_are_those_of_the_formulas(tagged, open_page):
    _, table, address = tagged
    given = [one for metric in METRICS for one in ({"metric": metric, "a": 0, "b": "rest"}, {"metric": metric, "a": 1})]
    page = opened(open_page, address, measures=given, sort={"key": "name", "down": True})
    drawn = seen(page, f"d.rows.length > 5 && d.rows[0].cells.length === {len(given)} && d.rows[0].label === 'doll'")
    rows = {row["label"]: row for row in drawn["rows"]}
    assert {"doll", "knot", "none", "tag 03"} <= set(rows)
    for label, row in rows.items():
        assert row["counts"] == [table[label].sum()]
        for one, (cell,) in zip(given, row["cells"], strict=True):
            value = by_hand(table["woman"], table[label])[one["metric"]]
            expected = gap(table, one["metric"], label, *WHO) if "b" in one else value
            if expected is None or not np.isfinite(expected):
                assert (cell["value"], cell["why"]) == (None, "label never occurs" if label == "none" else "never together")
            else:
                assert cell["value"] == pytest.approx(expected, abs=1e-12)
                assert cell["low"] <= cell["value"] <= cell["high"]
            assert cell["with"] == f"{(table[label] & table['man' if 'b' in one else 'woman']).sum():,}"
    assert rows["doll"]["cells"][METRICS.index("npmi_xy") * 2][0]["value"] == pytest.approx(gap(table, "npmi_xy", "doll", *WHO))


def test_labels_that_occur_less_often_than_asked_have_no_value(tagged, open_page):
    _, table, address = tagged
    page = opened(open_page, address)
    labels = [name for name in table if name not in ("id", *WHO)]
    page.get_by_label("Least count of a label").fill("300")
    page.keyboard.press("Tab")
    few = [name for name in labels if table[name].sum() < 300]
    drawn = seen(page, f"d.violins.length === 3 && d.violins[1].none[0] === {len(few)}")
    assert sum(drawn["violins"][1]["bins"]) == len(labels) - len(few)
    assert (
        f"{len(few) - 1} too few" in drawn["violins"][1]["noneWords"] or f"{len(few)} too few" in drawn["violins"][1]["noneWords"]
    )
    matrix = np.column_stack([table[name] for name in labels])
    found = associate(matrix, {name: table[name] for name in WHO}, names=labels, min_count=300)
    low, high = found.interval("npmi_xy")
    for row in drawn["rows"]:
        cell = row["cells"][1][0]
        at = labels.index(row["label"])
        assert (cell["value"] is None) == (row["label"] in few)
        if cell["value"] is not None:
            assert (cell["low"], cell["high"]) == pytest.approx((low[0, at], high[0, at]), abs=1e-6)


def test_measures_ranges_order_and_names_stand_in_the_address(tagged, open_page):
    _, table, address = tagged
    page = opened(open_page, address)
    page.get_by_role("button", name="Add measure").click()
    search = page.get_by_label("Find a measure, a regular expression")
    search.fill("(")
    assert page.get_by_text("is no regular expression").is_visible()
    search.fill("^share gap, man less w")
    page.keyboard.press("Enter")
    seen(page, "d.violins.length === 4 && d.violins[3].bins.length > 1")
    page.get_by_role("button", name="Remove nPMI with woman").click()
    page.locator("[data-measure] svg.chart").nth(2).focus()
    page.keyboard.press("Enter")
    low, high = page.locator(".condition input.field").all()
    high.fill("0.5")
    high.press("Tab")
    low.fill("0.01")
    low.press("Tab")
    page.get_by_label("Labels whose name matches, a regular expression").fill("t")
    page.get_by_role("columnheader", name="Items").click()
    labels = [name for name in table if name not in ("id", *WHO) and "t" in name]
    shares = {name: gap(table, "dp", name, "man", "woman") for name in labels}
    kept = sorted((name for name in labels if 0.01 <= shares[name] <= 0.5), key=lambda name: -table[name].sum())
    assert len(kept) > 2
    listed = f"d.listed === {len(kept)} && d.rows.length === {len(kept)} && d.rows[0].cells.length === 3"
    counted = "d.rows[0].cells.every(([cell]) => cell.value !== null)"
    shown = f"{listed} && {counted} && d.violins.length === 3 && d.violins[2].brushed"
    before = seen(page, shown)
    assert sorted(row["label"] for row in before["rows"]) == sorted(kept)
    reload(page)
    after = seen(page, shown + f" && d.rows[0].label === {before['rows'][0]['label']!r}")
    assert after["rows"] == before["rows"]
    assert [row["counts"][0] for row in after["rows"]] == sorted((int(table[name].sum()) for name in kept), reverse=True)


def test_labels_are_found_by_likeness_hidden_together_and_shown_again(tagged, open_page):
    case, _, address = tagged
    page = opened(open_page, address)
    page.get_by_role("row", name="tie").hover()
    page.get_by_role("button", name="Sort by likeness to tie").click()
    page.get_by_text("most like tie").wait_for()
    seen(page, "d.rows.slice(0, 2).every((row) => ['tie', 'knot'].includes(row.label))")
    page.get_by_role("button", name="Sort by likeness to tie").first.click()
    seen(page, "d.rows[0].label !== 'tie' && d.rows[0].label !== 'knot'")
    page.get_by_label("Labels whose name matches, a regular expression").fill("^tag 1")
    seen(page, "d.listed === 10")
    page.get_by_label("Tick all 10 labels listed").check()
    page.get_by_role("button", name="Hide", exact=True).click()
    seen(page, "d.hidden === 10 && d.listed === 0")
    assert case.folder.journal.state().hides["label"] == {f"tag {j}" for j in range(10, 20)}
    page.get_by_label("show 10 hidden").check()
    seen(page, "d.listed === 10")
    page.get_by_role("button", name="Flag", exact=True).click()
    seen(page, "d.flagged === 10")
    page.get_by_label("Labels whose name matches, a regular expression").fill("")
    page.get_by_label("10 flagged").check()
    seen(page, "d.listed === 10")


def test_agreement_of_metrics_is_scipys_and_the_files_come_back(tagged, open_page, tmp_path):
    _, table, address = tagged
    page = opened(open_page, address)
    labels = [name for name in table if name not in ("id", *WHO)]
    page.get_by_role("tab", name="Do metrics agree?").click()
    told = seen(page, "d.stability !== null")["stability"]
    known = [name for name in labels if name not in ("none", "doll")]
    gaps = {metric: np.array([gap(table, metric, name, *WHO) for name in known]) for metric in METRICS}
    for i, one in enumerate(METRICS):
        for j, other in enumerate(METRICS):
            if "npmi_xy" not in (one, other) and not {"dp", "jaccard", "sdc", "tau_b", "t_test"} & {one, other}:
                expected = spearmanr(gaps[one].round(12), gaps[other].round(12)).statistic
                assert told["spearman"][i][j] == pytest.approx(expected, abs=1e-9), (one, other)

    page.get_by_role("tab", name="List").click()

    def taken(button):
        page.get_by_role("button", name="Export labels").click()
        page.locator(".menu select").select_option("all")
        with page.expect_download() as coming:
            page.get_by_role("button", name=button, exact=True).click()
        return coming.value.path().read_bytes()

    file = pd.read_csv(io.BytesIO(taken("CSV"))).set_index("label")
    assert set(file.index) == set(labels)
    for name in known:
        assert file.loc[name, "count@child"] == (table[name] & table["child"]).sum()
        assert file.loc[name, "npmi_xy@man"] == pytest.approx(by_hand(table["man"], table[name])["npmi_xy"], abs=1e-12)
        assert file.loc[name, "npmi_xy_gap@man|rest"] == pytest.approx(gap(table, "npmi_xy", name, *WHO), abs=1e-12)
        assert file.loc[name, "npmi_xy_low@man"] <= file.loc[name, "npmi_xy@man"] <= file.loc[name, "npmi_xy_high@man"]
    assert file.loc["none", "npmi_xy_reason@man"] == "label never occurs"
    for place, button in enumerate(("nPMI plug-in's CSV", "nPMI plug-in's event files")):
        folder = tmp_path / f"plug-in {place}"
        zipfile.ZipFile(io.BytesIO(taken(button))).extractall(folder)
        (path,) = folder.glob("*.csv") if place == 0 else (folder,)
        (run,) = read_npmi(path)
        values = dict(zip(run.labels, run.values[:, run.metrics.index("nPMI@woman")], strict=True))
        for name in known:
            assert values[name] == pytest.approx(by_hand(table["woman"], table[name])["npmi_xy"], abs=1e-6)
