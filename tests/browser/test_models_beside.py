"""Two models side by side on one page: each tile draws its own model's numbers, or says why it cannot; against numpy."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import underglass as ug
from browser.describing import until
from browser.test_composed_pages import open_named
from planted import CLASSES, planted_case
from underglass.case import Case

N, UNITS = 300, 6


@pytest.fixture
def two_models(tmp_path):
    """A case with a second captured model: worse, with a layer that has the first one's name and one of its own."""
    folder = planted_case(tmp_path / "two.case", N)
    labels = Case(folder).labels()
    random = np.random.default_rng(9)
    logits = random.normal(0, 1, (N, len(CLASSES)))
    logits[np.arange(N), np.maximum(labels, 0)] += 1
    probabilities = (np.exp(logits) / np.exp(logits).sum(1, keepdims=True)).astype(np.float32)
    values = np.maximum(random.normal(0, 0.3, (N, UNITS)) + 6 * np.eye(UNITS)[np.maximum(labels, 0)], 0).astype(np.float32)
    first = folder.model("planted").record
    layers = tuple(replace(first.layers[0], name=name, units=UNITS, shape=(UNITS,)) for name in ("fc", "late"))
    record = replace(first, name="worse", layers=layers, all_layers=layers, fingerprint="worse", weights_hash="1" * 32)
    with folder.model_writer(record) as writer:
        for shard in range(writer.shards):
            rows = writer.rows(shard)
            part = slice(rows.start, rows.stop)
            writer.write(shard, probabilities[part], {("fc", "mean"): values[part], ("late", "mean"): values[part, ::-1]})
        writer.finish(float((probabilities.argmax(1) == labels).mean()))
    case = Case.open(tmp_path / "two.case")
    found = {}
    for model in ("worse", "planted"):
        case.use_model(model)
        found[model] = (case.projection("fc"), case.patterns("fc"))
    case.projection("fc", method="pca")
    return case, found


def test_layers_of_another_model_are_drawn_beside_the_active_one(two_models, serve_case, open_page):
    case, found = two_models
    models = ("planted", "worse")
    items = [
        case.view(name, **props, shown_for={"model": model}).sized(6, 12)
        for name, props in (
            ("projection", {"layer": "fc", "colour": "prediction"}),
            ("patterns", {"layer": "fc"}),
            ("classes", {}),
            ("instances", {"columns": ["prediction", "correct"]}),
            ("units", {}),
        )
        for model in models
    ]
    ug.page(items, title="Beside").save()
    page = open_page(serve_case(case))
    open_named(page, "Beside", [f"t{i}" for i in range(1, 10)])
    told = {i: page.evaluate(f"underglass.describe('t{i}')") for i in range(1, 9)}

    table = case.table()
    labels = np.asarray(table["label"].to_pylist(), object)
    for at, (model, end) in enumerate((("planted", ""), ("worse", "@worse"))):
        predictions = np.asarray(table[f"prediction{end}"].to_pylist(), object)
        judged = labels != None  # noqa: E711 - element by element
        right = (labels == predictions) & judged
        projection, patterns = found[model]
        spread, groups, classes, rows = (told[1 + at + 2 * kind] for kind in range(4))
        assert spread["sentence"].startswith(f"PCA keeps {100 * sum(projection.explained):.0f} % of the variance")
        assert dict(spread["colours"]) == {**{one: int((predictions == one).sum()) for one in CLASSES}, "no value": 0}
        assert {row["pattern"]: row["n"] for row in groups["rows"]} == {
            **dict(enumerate(patterns.size.tolist())),
            -1: patterns.none,
        }
        for row in groups["rows"]:
            members = patterns.rows[patterns.labels == row["pattern"]]
            assert (row["correct"], row["judged"]) == (right[members].sum(), judged[members].sum()), (model, row["pattern"])
        assert [layer[0] for layer in groups["layers"]] == (["fc"] if model == "planted" else ["fc", "late"])
        assert groups["layers"][0][1] == patterns.count
        for row in classes["rows"]:
            own = labels == CLASSES[row["code"]]
            assert row["rate"] == pytest.approx(right[own].mean()), (model, row["code"])
        confidence = np.asarray(table[f"confidence{end}"].to_pylist())
        first = np.argsort(confidence, kind="stable")[: len(rows["rows"])]
        assert rows["rows"] == first.tolist()
        assert [cells[0] for cells in rows["cells"]] == predictions[first].tolist()
        assert rows["histograms"]["correct"][0][1] == (judged & ~right).sum()

    # a pattern of the other model is picked as what it is
    page.locator("[data-tile=t4] [role=row][data-pattern='1']").press("Enter")
    until(page, f"underglass.describe('t1').selected === {found['worse'][1].size[1]}")
    assert page.evaluate("underglass.case.picks.tree.terms[0]") == {
        "op": "and",
        "terms": [{"op": "compare", "column": "pattern.fc@worse", "is": "=", "value": 1}],
    }
    where = "[data-tile=t10]"
    assert "“Units” reads its rows from the active model's activations and predictions" in page.locator(where).inner_text()
    assert "Make the other model the active one" in page.locator(where).inner_text()
    # a step to a page of its own would end at the active model's numbers
    page.locator("[data-tile=t6] [data-row-class]").first.click()
    page.locator("[data-tile=t6]").get_by_role("button", name="Graph of ").click()
    page.get_by_text("“Attribution” opens for the active model, planted.").wait_for()


def test_an_exported_page_draws_both_models_as_the_app_does(two_models, serve_case, open_page, open_offline, tmp_path):
    case, _ = two_models
    items = [
        case.view(name, **props, shown_for={"model": model}).sized(6, 12)
        for name, props in (("projection", {"colour": "prediction"}), ("patterns", {"layer": "fc"}), ("classes", {}))
        for model in ("planted", "worse")
    ]
    made = ug.page(items, title="Beside").save()
    written = made.export(tmp_path / "beside.html").path
    live, page = open_page(serve_case(case)), open_offline(written.as_uri())
    open_named(live, "Beside", [])

    for tile in ("t1", "t2", "t3", "t4", "t5", "t6"):
        for one in (live, page):
            until(one, f"window.underglass?.describe({tile!r})?.n === {N}")
    for tile, parts in (("t2", ("sentence", "colours", "layer")), ("t4", ("rows", "layers")), ("t6", ("rows", "layers"))):
        # what is drawn where depends on the room beside it; the numbers do not
        read = f"(one => [{', '.join(f'one.{part}' for part in parts)}])(underglass.describe({tile!r}))"
        wanted = live.evaluate(read)
        until(page, f"JSON.stringify({read}) === {json.dumps(json.dumps(wanted, separators=(',', ':'), ensure_ascii=False))}")
