"""Every number of an audit's page that is not a strip: against scikit-learn, scipy, fairlearn and sums by hand."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import (
    demographic_parity_difference,
    demographic_parity_ratio,
    equal_opportunity_difference,
    equalized_odds_difference,
    equalized_odds_ratio,
)
from scipy.spatial.distance import jensenshannon
from scipy.stats import binom, binomtest, entropy
from sklearn.metrics import average_precision_score, confusion_matrix

from browser.audit_page import BY, MEN, WOMEN, choose, click, seen, strip, taken
from browser.describing import reload, until
from scored_tables import people


def rates(truth, said):
    """The published rates from scikit-learn's confusion matrix, None for 0/0."""
    tn, fp, fn, tp = (int(cell) for cell in confusion_matrix(truth, said, labels=[0, 1]).ravel())
    n = tp + fp + tn + fn
    parts = {
        "accuracy": (tp + tn, n),
        "precision": (tp, tp + fp),
        "recall": (tp, tp + fn),
        "specificity": (tn, tn + fp),
        "npv": (tn, tn + fn),
        "fnr": (fn, fn + tp),
        "fpr": (fp, fp + tn),
        "fdr": (fp, fp + tp),
        "for": (fn, fn + tn),
        "f1": (2 * tp, 2 * tp + fp + fn),
        "selection_rate": (tp + fp, n),
        "base_rate": (tp + fn, n),
    }
    return {name: a / b if b else None for name, (a, b) in parts.items()}, {"tp": tp, "fp": fp, "tn": tn, "fn": fn}


def inside(data, name):
    """Who is in a group that is called by its values."""
    held = pd.Series(True, index=data.index)
    for part in name.split(", "):
        feature, values = part.split(" = ")
        listed = values.removeprefix("not ").split(" or ")
        held &= data[feature].isin(listed) ^ values.startswith("not ")
    return held.to_numpy()


def told(page, words):
    """Wait until the page says in these words that something is done, both in Python and on the page."""
    until(page, f"window.underglass.case.said?.text.startsWith({json.dumps(words)})")


def test_a_pinned_group_has_all_rates_outcomes_and_wilsons_intervals(serve_audit, open_page, scored_people):
    data = scored_people
    _, address = serve_audit()
    page = open_page(address)
    seen(page, "d.strips[0]?.groups.length === 8")
    click(page, WOMEN)
    page.mouse.move(5, 5)
    found = seen(page, "d.pinned && d.hovered === null && d.compared.length === 12 && d.outcomes.length === 8")
    mine = inside(data, WOMEN)
    for side, members in (("a", mine), ("b", ~mine)):
        expected, cells = rates(data["y"][members], data["said"][members])
        assert {row["metric"]: row[side] for row in found["compared"]} == pytest.approx(expected, abs=1e-12)
        drawn = {one["outcome"]: one["n"] for one in found["outcomes"] if one["side"] == "ab".index(side)}
        assert drawn == cells
    for metric in ("accuracy", "fpr", "fnr"):
        for group in strip(found, metric)["groups"]:
            interval = binomtest(group["count"], group["of"]).proportion_ci(0.95, method="wilson")
            assert (group["low"], group["high"]) == pytest.approx((interval.low, interval.high), abs=1e-9)

    sizes = sorted(group["size"] for group in strip(found, "accuracy")["groups"])
    page.get_by_label("Smallest group drawn").fill(str(sizes[3]))
    page.keyboard.press("Tab")
    found = seen(page, "d.small.length > 0")
    assert sorted(group["size"] for group in strip(found, "accuracy")["groups"]) == sizes[3:]
    assert sorted(one["n"] for one in found["small"]) == sizes[:3]


def test_clusters_come_worst_first_with_the_values_that_are_all_alike(serve_audit, open_page):
    random = np.random.default_rng(1)
    n, kinds = 800, np.array(["ant", "bee", "cat", "dog"])
    kind = random.integers(0, 4, n)
    truth = random.random(n) < 0.5
    wrong = random.random(n) < np.array([0.05, 0.4, 0.15, 0.25])[kind]
    data = pd.DataFrame(
        {
            "animal": kinds[kind],
            "home": np.array(["hill", "hive", "house", "kennel"])[kind],
            "seen": np.where(random.random(n) < 0.7, "day", "night"),
            "y": truth.astype(int),
            "p": np.where(truth ^ wrong, 0.9, 0.1),
        }
    )
    _, address = serve_audit({name: data[name].to_numpy() for name in data}, by=["animal"])
    page = open_page(address)
    seen(page, "d.cards.length > 0")
    page.get_by_role("button", name="clusters", exact=True).click()
    page.get_by_label("clusters", exact=True).fill("4")
    section = page.locator('section[aria-label="Which groups did nobody think of?"]')
    for metric, worst in (("accuracy", 1), ("fpr", -1)):
        section.get_by_label("by").select_option(metric)
        found = seen(page, f"d.cards.length === 4 && d.search && Math.abs(d.cards[0].delta) > 0 && d.cards[0].by === '{metric}'")
        values = [card["value"] for card in found["cards"]]
        assert values == sorted(values, key=lambda value: worst * value)
        for card in found["cards"]:
            traits = {trait["feature"]: trait for trait in card["traits"]}
            group = data[data["animal"] == traits["animal"]["value"]]
            said = group["p"] >= 0.5
            assert card["size"] == len(group)
            assert card["value"] == pytest.approx(rates(group["y"], said)[0][metric], abs=1e-12)
            assert [trait["feature"] for trait in card["traits"]][-1] == "seen"
            for feature, trait in traits.items():
                counts = group[feature].value_counts()
                assert trait["value"] == counts.index[0]
                assert trait["share"] == pytest.approx(counts.iloc[0] / len(group), abs=1e-12)
                assert trait["entropy"] == pytest.approx(entropy(counts, base=2), abs=1e-9)
    page.get_by_label("Smallest group shown").fill(str(found["cards"][0]["size"] + 1))
    seen(page, f"d.cards.every((card) => card.size > {found['cards'][0]['size']})")


def test_a_searched_group_says_how_far_it_is_off_how_sure_and_which_condition_does_it(serve_audit, open_page, scored_people):
    data = scored_people
    _, address = serve_audit(features=["region", "sex", "job"])
    page = open_page(address)
    seen(page, "d.cards.length > 0")
    page.locator('section[aria-label="Which groups did nobody think of?"] select').select_option("fpr")
    found = seen(page, "d.cards.length > 0 && d.cards[0].by === 'fpr' && d.cards[0].q < 1e-6")
    negatives = data["y"] == 0
    overall = data["said"][negatives].mean()

    def beta(flags):
        a, b = flags.sum() + 1, (~flags).sum() + 1
        return a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))

    centre, spread = beta(data["said"][negatives])
    for card in found["cards"]:
        flags = data["said"][negatives & inside(data, card["name"])]
        assert card["size"] == inside(data, card["name"]).sum()
        assert card["value"] == pytest.approx(flags.mean(), abs=1e-12)
        assert card["delta"] == pytest.approx(flags.mean() - overall, abs=1e-12)
        assert sum(trait["contribution"] for trait in card["traits"]) == pytest.approx(card["delta"], abs=1e-12)
        mean, variance = beta(flags)
        assert card["t"] == pytest.approx((mean - centre) / np.sqrt(variance + spread), abs=1e-9)
    planted = found["cards"][0]
    assert planted["name"] == WOMEN

    page.locator("li[data-card] button").first.hover()
    found = seen(page, f"d.hovered === {WOMEN!r} && d.features.find((f) => f.name === 'job').values[0].hovered !== null")
    jobs = next(one for one in found["features"] if one["name"] == "job")
    for row in jobs["values"]:
        assert row["hovered"] == pytest.approx((data["job"][inside(data, WOMEN)] == row["value"]).mean(), abs=1e-12)

    page.get_by_role("button", name="error tree").click()
    found = seen(page, "d.nodes.length > 2 && d.cards.length > 1")
    leaves = [node for node in found["nodes"] if node["leaf"]]
    assert max(node["depth"] for node in found["nodes"]) <= 3
    assert sum(node["size"] for node in leaves) == len(data)
    for card in found["cards"]:
        members = inside(data, card["name"])
        assert card["size"] == members.sum()
        assert card["value"] == pytest.approx(rates(data["y"][members], data["said"][members])[0]["fpr"], abs=1e-12)


def test_similar_groups_are_as_far_as_scipy_says_or_differ_in_one_value(serve_audit, open_page, scored_people):
    data = scored_people
    features = ["region", "sex", "job"]
    _, address = serve_audit(features=features)
    page = open_page(address)
    seen(page, "d.strips[0]?.groups.length === 8")
    click(page, WOMEN)
    choose(page, "Similar")
    found = seen(page, "d.cards.length > 1")

    def spread(members, feature):
        return data[feature][members].value_counts(normalize=True).reindex(sorted(data[feature].unique()), fill_value=0)

    far = []
    for card in found["cards"]:
        other, mine = inside(data, card["name"]), inside(data, WOMEN)
        expected = sum(jensenshannon(spread(mine, one), spread(other, one), base=2) ** 2 for one in features)
        assert card["divergence"] == pytest.approx(expected, abs=1e-9)
        far.append(expected)
    assert far == sorted(far)
    page.get_by_role("button", name="one value differs").click()
    found = seen(page, "d.cards.length > 1 && d.cards.length < 6")
    assert {card["name"] for card in found["cards"]} == {
        "region = east, sex = male",
        *(f"region = {region}, sex = female" for region in ("north", "south", "west")),
    }


def test_gaps_and_precision_are_those_of_fairlearn_and_scikit_learn(serve_audit, open_page, scored_people):
    data = scored_people
    _, address = serve_audit()
    page = open_page(address)
    seen(page, "d.strips[0]?.groups.length === 8")
    choose(page, "Gaps")
    gaps = {row["criterion"]: row for row in seen(page, "d.gaps.length > 2")["gaps"]}
    for criterion, number, peer in (
        ("demographic_parity", "difference", demographic_parity_difference),
        ("demographic_parity", "ratio", demographic_parity_ratio),
        ("equal_opportunity", "difference", equal_opportunity_difference),
        ("equalized_odds", "difference", equalized_odds_difference),
        ("equalized_odds", "ratio", equalized_odds_ratio),
    ):
        expected = peer(data["y"], data["said"], sensitive_features=data[BY])
        assert gaps[criterion][number] == pytest.approx(expected, abs=1e-12)
        assert gaps[criterion]["low"] <= gaps[criterion]["difference"] <= gaps[criterion]["high"]
    click(page, WOMEN)
    choose(page, "Thresholds")
    found = seen(page, f"d.areas.some((row) => row.name === {WOMEN!r})")
    areas = {row["name"]: row["precision"] for row in found["areas"]}
    mine = inside(data, WOMEN)
    assert areas["everyone"] == pytest.approx(average_precision_score(data["y"], data["p"]), abs=1e-12)
    assert areas[WOMEN] == pytest.approx(average_precision_score(data["y"][mine], data["p"][mine]), abs=1e-12)


def test_whether_a_group_lacks_data_is_told_by_its_size_and_by_learning(serve_audit, open_page):
    random = np.random.default_rng(2)
    n = 480
    group = np.where(np.arange(n) % 4 == 0, "odd", "even")
    hint, sign = random.integers(0, 2, n), random.integers(0, 12, n)
    truth = np.where(group == "odd", sign % 2, hint)  # what the group goes by has to be learned from its own members
    features = {
        "group": group,
        "hint": np.where(group == "odd", "-", hint.astype(str)),
        "sign": np.where(group == "odd", sign.astype(str), "-"),
    }
    score = np.where(group == "odd", random.random(n), 0.1 + 0.8 * truth)
    _, address = serve_audit({**features, "y": truth, "p": score.round(4)}, by=["group"])
    page = open_page(address)
    seen(page, "d.strips[0]?.groups.length === 2")
    click(page, "group = odd")
    choose(page, "Lacks data")
    found = seen(page, "d.sizes.length > 5")
    mine = group == "odd"
    right = float(((score >= 0.5) == truth)[mine].mean())
    own = next(point for point in found["sizes"] if point["size"] == mine.sum())
    assert own["mean"] == pytest.approx(right, abs=0.02)
    for point in found["sizes"]:
        ends = binom.ppf([0.025, 0.975], point["size"], right) / point["size"]
        assert (point["low"], point["high"]) == pytest.approx(tuple(ends), abs=0.02 + 2 / point["size"])
    apart = [point["size"] for point in found["sizes"] if point["high"] < 1]
    assert found["enough"] == min(apart)

    page.get_by_role("button", name="Fit it").click()
    found = seen(page, "d.sizes.filter((point) => point.curve === 'learned').length > 2")
    learned = [point["mean"] for point in found["sizes"] if point["curve"] == "learned"]
    assert learned[0] < 0.85 < 0.97 < learned[-1]


def test_two_models_are_counted_on_the_same_people(serve_audit, open_page, scored_people):
    data = scored_people
    case, address = serve_audit()
    case.add_scores(np.clip(data["p"] + 0.1, 0, 1), name="generous", positive="1")
    case.use_model("score")
    page = open_page(address)
    seen(page, "d.strips[0]?.groups.length === 8")
    choose(page, "Two models")
    page.locator('section[aria-label="Which model serves whom better?"] label', has_text="by").locator("select").select_option(
        "fpr"
    )
    other = np.clip(data["p"] + 0.1, 0, 1) >= 0.5
    everyone = float(data["said"][data["y"] == 0].mean())
    found = seen(page, f"d.models.length === 9 && Math.abs(d.models[0].a - {everyone!r}) < 1e-12")
    for row in found["models"]:
        members = (inside(data, row["name"]) if row["name"] != "everyone" else np.ones(len(data), bool)) & (data["y"] == 0)
        a, b = data["said"][members].mean(), other[members].mean()
        assert (row["a"], row["b"], row["gap"]) == pytest.approx((a, b, b - a), abs=1e-12)
        moved = other[members].astype(int) - data["said"][members].astype(int)
        wide = 1.96 * moved.std(ddof=1) / np.sqrt(members.sum())  # paired
        assert (row["low"], row["high"]) == pytest.approx((b - a - wide, b - a + wide), abs=0.012)


def test_a_copy_of_the_label_is_flagged_and_label_and_score_are_no_features(serve_audit, open_page):
    table = people(600)
    table["granted"] = np.where(table["y"] == 1, "yes", "no")
    _, address = serve_audit(table)
    found = seen(open_page(address), "d.features.some((one) => one.leak)")
    assert {one["name"] for one in found["features"]} == {"region", "sex", "age", "job", "granted"}
    assert [one["name"] for one in found["features"] if one["leak"]] == ["granted"]


def test_own_thresholds_stand_in_every_file_and_in_the_address(serve_audit, open_page, scored_people):
    data = scored_people
    _, address = serve_audit()
    page = open_page(address)
    seen(page, "d.strips[0]?.groups.length === 8")
    click(page, WOMEN)
    page.get_by_label("Threshold of this group alone").fill("0.75")
    mine, negatives = inside(data, WOMEN), data["y"] == 0
    rate = float((data["p"][mine & negatives] >= 0.75).mean())
    of_women = f"d.strips.find((s) => s.metric === 'fpr')?.groups.find((g) => g.name === {WOMEN!r})"
    found = seen(page, f"d.strips.length === 3 && Math.abs({of_women}?.value - {rate!r}) < 1e-12")
    moved = (data["p"] >= 0.75)[mine] != data["said"][mine]
    assert found["changed"] == moved.sum()

    _, content = taken(page, "CSV")
    file = pd.read_csv(io.BytesIO(content)).set_index("group")
    assert file["threshold"].to_dict() == {name: 0.75 if name == WOMEN else 0.5 for name in file.index}
    assert file.loc[WOMEN, "fpr"] == pytest.approx(rate, abs=1e-12)
    others = inside(data, MEN) & negatives
    assert file.loc[MEN, "fpr"] == pytest.approx(data["said"][others].mean(), abs=1e-12)
    _, content = taken(page, "JSON")
    assert json.loads(content)["threshold"] == 0.75
    assert json.loads(content)["metrics"]["fpr"]["value"] == pytest.approx(rate, abs=1e-12)
    report = taken(page, "Report")[1].decode()
    assert "Thresholds of single groups" in report
    assert f"<td>{WOMEN}</td><td class='r'>0.75</td>" in report
    assert f"{round(100 * rate)} %" in report

    reload(page)
    seen(page, f"d.strips.length === 3 && Math.abs({of_women}?.value - {rate!r}) < 1e-12")


def test_decisions_of_thresholds_hold_in_all_views_once_they_are_kept_and_can_be_left_again(
    serve_audit, open_page, scored_people
):
    data = scored_people
    case, address = serve_audit()
    page = open_page(address)
    seen(page, "d.strips[0]?.groups.length === 8")
    page.get_by_label("Threshold, exactly").fill(".6")
    page.keyboard.press("Enter")
    found = seen(page, "d.threshold === 0.6 && d.changed !== null")
    stricter = data["p"] >= 0.6
    assert found["changed"] == (stricter != data["said"]).sum()
    assert case.count("prediction = '1'") == data["said"].sum()  # nothing has happened yet

    page.get_by_role("button", name="Decide so in all views").click()
    told(page, "All views decide by “score at 0.6” now.")
    until(page, "window.underglass.case.info.model === 'score at 0.6'")
    assert (case.table()["prediction"].to_numpy() == "1").tolist() == stricter.tolist()
    assert case.count("correct") == (stricter == (data["y"] == 1)).sum()
    found = seen(page, "d.changed === null && d.strips.length === 3 && d.strips[0].groups.length === 8")
    mine = inside(data, WOMEN) & (data["y"] == 0)
    group = next(one for one in strip(found, "fpr")["groups"] if one["name"] == WOMEN)
    assert group["value"] == pytest.approx(stricter[mine].mean(), abs=1e-12)

    page.get_by_role("button", name="score at 0.6").first.click()
    page.get_by_role("button", name="Use score", exact=True).click()
    until(page, "window.underglass.case.info.model === 'score'")
    assert case.count("prediction = '1'") == data["said"].sum()
    seen(page, "d.threshold === 0.5 && d.strips[0].groups.length === 8")


def test_kept_decisions_are_removed_from_all_views_and_put_back(serve_audit, open_page, scored_people):
    data = scored_people
    case, address = serve_audit()
    page = open_page(address)
    seen(page, "d.strips[0]?.groups.length === 8")
    assert page.get_by_role("button", name="Remove these decisions").count() == 0  # the score itself came with the case
    page.get_by_label("Threshold, exactly").fill(".6")
    page.keyboard.press("Enter")
    seen(page, "d.threshold === 0.6 && d.changed !== null")
    page.get_by_role("button", name="Decide so in all views").click()
    told(page, "All views decide by “score at 0.6” now.")
    stricter = (data["p"] >= 0.6).sum()

    page.get_by_role("button", name="Remove these decisions").click()
    told(page, "“score at 0.6” is set aside; all views decide by “score” again.")
    until(page, "window.underglass.case.info.model === 'score'")
    seen(page, "d.threshold === 0.5 && d.strips[0].groups.length === 8")
    assert case.folder.models == ("score",)
    assert case.count("prediction = '1'") == data["said"].sum()
    assert not [name for name in case.table().column_names if "@" in name]

    page.reload()  # what was removed is not forgotten with the page
    page.get_by_role("button", name="Put back score at 0.6").click()
    told(page, "All views decide by “score at 0.6” again.")
    until(page, "window.underglass.case.info.model === 'score at 0.6'")
    assert case.folder.models == ("score", "score at 0.6")
    assert case.count("prediction = '1'") == stricter
    page.get_by_role("button", name="Remove these decisions").wait_for()
    assert page.get_by_role("button", name="Put back").count() == 0
