"""Many classes, numbers, own thresholds, and what is taken away: the page of an audit against the analyses and sums by hand."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, mean_absolute_error, r2_score, root_mean_squared_error

from browser.audit_page import BY, WOMEN, click, named, seen, strip, taken
from underglass.analyses.subgroups import group_metrics


def agrees(drawn: list[dict[str, Any]], metric: str, expected: dict[str, dict[str, Any]]) -> None:
    assert {one["name"] for one in drawn} == {name for name, row in expected.items() if row[metric] is not None}
    for one in drawn:
        row = expected[one["name"]]
        assert one["size"] == row["size"]
        for end, column in (("value", metric), ("low", f"{metric}_low"), ("high", f"{metric}_high")):
            assert one[end] == pytest.approx(row[column], abs=1e-12)


def test_one_class_of_many_is_judged_against_the_rest(serve_audit, open_page):
    random = np.random.default_rng(3)
    n, classes = 900, ["cat", "dog", "owl"]
    truth = random.integers(0, 3, n)
    place = random.choice(["indoors", "outdoors"], n)
    scores = random.dirichlet(np.ones(3), n) + 0.8 * np.eye(3)[truth] * (place == "indoors")[:, None]
    scores = (scores / scores.sum(axis=1, keepdims=True)).round(6)
    columns = {name: scores[:, code] for code, name in enumerate(classes)}
    _, address = serve_audit({"place": place, "y": np.array(classes)[truth], **columns}, score=classes, by=["place"])
    page = open_page(address)

    found = seen(page, "d.strips.length === 3 && d.strips[0].groups.length === 2")
    averaged = {one["metric"] for one in found["strips"]}
    said = scores.argmax(axis=1)
    assert strip(found, "accuracy")["all"] == pytest.approx((said == truth).mean(), abs=1e-12)
    if "f1" in averaged:
        assert strip(found, "f1")["all"] == pytest.approx(f1_score(truth, said, average="macro"), abs=1e-12)

    for name in ("owl", "cat"):
        code = classes.index(name)
        page.get_by_label("Class that counts as positive").select_option(label=name)
        page.get_by_label("Add metric").wait_for()
        rates = group_metrics(truth == code, (said == code).astype(float), {"place": place}, by="place")
        expected = {named(row, ["place"]): row for row in rates.to_pylist()}
        for metric in ("recall", "fpr"):
            if metric not in {one["metric"] for one in seen(page, "d.strips.length > 0")["strips"]}:
                page.get_by_label("Add metric").select_option(metric)
            everyone = float((said == code)[(truth == code) == (metric == "recall")].mean())
            close = f"Math.abs(d.strips.find((s) => s.metric === '{metric}')?.all - {everyone!r}) < 1e-12"
            drawn = strip(seen(page, close), metric)
            agrees(drawn["groups"], metric, expected)


def test_errors_of_numbers_are_those_of_scikit_learn(serve_audit, open_page):
    random = np.random.default_rng(4)
    n = 600
    town = random.choice(["Bath", "York", "Ely"], n)
    price = random.normal(300, 60, n).round(3)
    said = (price + random.normal(0, 10, n) + 25 * (town == "Ely")).round(3)
    _, address = serve_audit({"town": town, "price": price, "said": said}, label="price", score="said", by=["town"])
    page = open_page(address)

    found = seen(page, "d.strips.length === 3 && d.strips[0].groups.length === 3")
    page.get_by_label("Add metric").select_option("r2")
    found = seen(page, "d.strips.length === 4 && d.strips.every((s) => s.groups.length === 3)")
    by_hand = {
        "mae": mean_absolute_error,
        "rmse": root_mean_squared_error,
        "mean_error": lambda true, told: float(np.mean(told - true)),
        "r2": r2_score,
    }
    for metric, oracle in by_hand.items():
        drawn = strip(found, metric)
        assert drawn["all"] == pytest.approx(oracle(price, said), rel=1e-9)
        for group in drawn["groups"]:
            inside = town == group["name"].removeprefix("town = ")
            assert group["size"] == inside.sum()
            assert group["value"] == pytest.approx(oracle(price[inside], said[inside]), rel=1e-9)
            assert group["low"] <= group["value"] <= group["high"]
    assert page.get_by_label("Threshold, exactly").count() == 0


def test_the_report_and_the_files_hold_what_group_metrics_counts(serve_audit, open_page, scored_people):
    case, address = serve_audit()
    page = open_page(address)
    seen(page, "d.strips[0]?.groups.length === 8")
    page.get_by_label("Threshold, exactly").fill(".6")
    page.keyboard.press("Enter")
    seen(page, "d.threshold === 0.6 && d.strips[0].groups.length === 8")
    json_button = page.get_by_role("button", name="JSON", exact=True)
    assert json_button.is_disabled()
    click(page, WOMEN)
    seen(page, "d.pinned && d.compared.length === 12")

    rates = group_metrics(scored_people["y"], scored_people["p"], scored_people[BY], by=BY, threshold=0.6).to_pandas()
    name, content = taken(page, "CSV")
    assert name == f"{case.name}-groups.csv"
    file = pd.read_csv(io.BytesIO(content)).set_index("group")
    rates.index = pd.Index([named(row, BY) for row in rates.to_dict("records")])
    assert set(file.index) == set(rates.index)
    for column in set(rates.columns) - set(BY) - {"f1_low", "f1_high"}:  # those are drawn by lot
        assert file[column].to_numpy(float) == pytest.approx(
            rates.loc[file.index, column].to_numpy(float), abs=1e-12, nan_ok=True
        )
    assert (file["fpr_of"] == file["fp"] + file["tn"]).all()

    name, content = taken(page, "JSON")
    told = json.loads(content)
    inside = np.flatnonzero((scored_people["region"] == "east") & (scored_people["sex"] == "female"))
    assert (name, told["group"]["name"], told["threshold"]) == (f"{case.name}-group.json", WOMEN, 0.6)
    assert sorted(told["rows"]) == inside.tolist()
    assert told["metrics"]["fpr"]["value"] == pytest.approx(rates.loc[WOMEN, "fpr"], abs=1e-12)

    name, content = taken(page, "Report")
    text = content.decode()
    assert name == f"{case.name}-groups.html"
    assert text.lstrip().lower().startswith("<!doctype html")
    assert "east" in text
    assert f"{len(inside):,}" in text
    assert "src=" not in text
    assert "<script" not in text


def test_thresholds_of_single_groups_move_their_rates_alone(serve_audit, open_page, scored_people):
    case, address = serve_audit()
    page = open_page(address)
    before = seen(page, "d.strips[0]?.groups.length === 8")
    click(page, WOMEN)
    seen(page, "d.pinned && d.compared.length === 12")
    page.get_by_label("Threshold of this group alone").fill("0.75")
    inside = (scored_people["region"] == "east") & (scored_people["sex"] == "female")
    rate = float((scored_people["p"][inside & (scored_people["y"] == 0)] >= 0.75).mean())
    mine = f"d.strips.find((s) => s.metric === 'fpr').groups.find((g) => g.name === {WOMEN!r})"
    found = seen(page, f"d.strips.length === 3 && Math.abs({mine}?.value - {rate!r}) < 1e-12")
    was = {one["name"]: one["value"] for one in strip(before, "fpr")["groups"]}
    assert {one["name"]: one["value"] for one in strip(found, "fpr")["groups"] if one["name"] != WOMEN} == {
        name: value for name, value in was.items() if name != WOMEN
    }

    page.get_by_role("button", name="Gaps", exact=True).click()
    page.get_by_role("button", name="false positive rates", exact=True).click()
    everyone = float((scored_people["p"][scored_people["y"] == 0] >= 0.5).mean())
    makings = [{"by": [{"feature": feature, "values": None} for feature in BY]}]
    call = case_call(case)
    own = call("equal_thresholds", metric="fpr", makings=makings, min_size=30)["thresholds"]
    assert len(own) == 8
    found = seen(page, f"d.strips.length === 3 && Math.abs({mine}?.value - {rate!r}) > 1e-9")
    for group in strip(found, "fpr")["groups"]:
        region, sex = (part.split(" = ")[1] for part in group["name"].split(", "))
        among = (scored_people["region"] == region) & (scored_people["sex"] == sex) & (scored_people["y"] == 0)
        assert group["value"] == pytest.approx((scored_people["p"][among] >= own[group["name"]]).mean(), abs=1e-12)
        assert abs(group["value"] - everyone) <= 1 / among.sum()
    page.get_by_role("button", name="One for all again").click()
    found = seen(page, f"d.strips.length === 3 && Math.abs({mine}?.value - {was[WOMEN]!r}) < 1e-12")
    assert {one["name"]: one["value"] for one in strip(found, "fpr")["groups"]} == was


def case_call(case: Any) -> Callable[..., Any]:
    from underglass.views.subgroups import VIEW

    return lambda name, **args: VIEW.calls[name](case, **args)
