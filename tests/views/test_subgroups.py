"""Does the Python half of the subgroups view count as fairlearn and scikit-learn do, and find what was planted?"""

import io
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import MetricFrame, demographic_parity_difference, equalized_odds_difference, selection_rate
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error, r2_score, recall_score, roc_auc_score

from scored_tables import audited, people
from underglass.case import Case
from underglass.errors import DataError, ModelError, RoleError
from underglass.roles import Person, acting
from underglass.views import about
from underglass.views import subgroups as view
from underglass.views.subgroup_audit import Asked
from underglass.views.subgroup_finding import suggest

SEX = {"by": [{"feature": "sex", "values": None}]}
ROUNDS = 30
BOTH = [{"by": [{"feature": "region", "values": None}, {"feature": "sex", "values": None}]}]


@pytest.fixture(scope="module")
def table():
    return people()


@pytest.fixture(scope="module")
def case(table, tmp_path_factory):
    with audited(tmp_path_factory.mktemp("audit") / "people.case", table) as made:
        yield made


def frame(table, threshold=0.5):
    data = pd.DataFrame({name: np.asarray(values) for name, values in table.items()})
    return data.assign(said=data["p"] >= threshold)


def test_every_group_has_the_rates_of_fairlearn(case, table):
    data = frame(table, 0.4)

    found = view.groups(case, makings=BOTH, threshold=0.4)

    by = MetricFrame(
        metrics={"accuracy": accuracy_score, "recall": recall_score, "f1": f1_score, "selection_rate": selection_rate},
        y_true=data["y"],
        y_pred=data["said"],
        sensitive_features=data[["region", "sex"]],
    )
    assert len(found["groups"]["name"]) == 8
    for place, name in enumerate(found["groups"]["name"]):
        key = tuple(part.split(" = ")[1] for part in name.split(", "))
        for metric in ("accuracy", "recall", "f1", "selection_rate"):
            assert found["groups"]["metrics"][metric]["value"][place] == pytest.approx(by.by_group[metric][key], abs=1e-12)
    assert found["all"]["metrics"]["accuracy"]["value"][0] == pytest.approx(by.overall["accuracy"], abs=1e-12)


def test_gaps_are_those_of_fairlearn(case, table):
    data = frame(table)
    gaps = {row["criterion"]: row for row in view.gaps(case, makings=BOTH)["rows"]}

    features = data[["region", "sex"]]
    assert gaps["demographic_parity"]["difference"] == pytest.approx(
        demographic_parity_difference(data["y"], data["said"], sensitive_features=features), abs=1e-12
    )
    assert gaps["equalized_odds"]["difference"] == pytest.approx(
        equalized_odds_difference(data["y"], data["said"], sensitive_features=features), abs=1e-12
    )


def test_groups_are_made_of_ticked_values_once_and_missing_is_one(tmp_path):
    data = people(500)
    data["region"] = [None if place % 5 == 0 else value for place, value in enumerate(data["region"])]
    with audited(tmp_path / "missing.case", data) as case:
        region = next(one for one in view.setup(case)["features"] if one["name"] == "region")
        missing = region["values"].index("missing")
        makings = [{"by": [{"feature": "region", "values": [missing]}]}, {"by": [{"feature": "region", "values": None}]}]

        found = view.groups(case, makings=makings)

        assert found["groups"]["name"].count("region = missing") == 1
        assert len(found["groups"]["name"]) == 5
        assert found["groups"]["size"][found["groups"]["name"].index("region = missing")] == 100
        tree = view.group(case, group={"values": {"region": [missing]}})["tree"]
        assert case.count(tree) == 100


def test_distributions_are_hand_counts(case, table):
    data = frame(table)
    found = view.groups(case, makings=BOTH)

    place = found["groups"]["name"].index("region = east, sex = female")
    job = next(one for one in view.setup(case)["features"] if one["name"] == "job")
    inside = data[(data["region"] == "east") & (data["sex"] == "female")]
    assert found["distributions"]["job"][place] == [int((inside["job"] == value).sum()) for value in job["values"]]


def test_a_group_is_the_filter_that_selects_it(case):
    groups = view.groups(case, makings=[{"by": [{"feature": "age", "values": None}, {"feature": "sex", "values": None}]}])[
        "groups"
    ]

    for spec, size in zip(groups["spec"], groups["size"], strict=True):
        assert case.count(view.group(case, group=spec)["tree"]) == size


@pytest.mark.parametrize("how", ["lattice", "tree"])
def test_the_planted_group_is_suggested_first_by_its_own_direction(case, how):
    found = suggest(case, Asked(), how=how, metric="fpr")

    first = found["cards"][0]
    assert first["spec"]["values"].keys() == {"region", "sex"}
    assert first["name"].count("east") + first["name"].count("female") == 2
    assert first["q"] < 1e-6
    assert found["direction"] == -1


def test_clusters_come_worst_first_and_can_be_selected(case):
    found = suggest(case, Asked(), how="clusters", metric="fpr", clusters=10)

    values = [card["value"] for card in found["cards"]]
    assert values == sorted(values, reverse=True)
    tree = view.group(case, group=found["cards"][0]["spec"])["tree"]
    assert case.count(tree) == found["cards"][0]["size"]


def test_permuted_outcomes_give_no_significant_group(tmp_path):
    data = people(3_000, seed=3, planted=False)
    order = np.random.default_rng(1).permutation(3_000)
    data["y"], data["p"] = data["y"][order], data["p"][order]
    with audited(tmp_path / "shuffled.case", data) as case:
        for how in ("lattice", "tree"):
            assert not [card for card in suggest(case, Asked(), how=how, metric="accuracy")["cards"] if card["q"] < 0.05]


def test_similar_groups_differ_in_one_value(case):
    spec = view.groups(case, makings=BOTH)["groups"]["spec"][0]

    found = view.similar(case, group=spec, makings=BOTH, how="one_feature")

    assert len(found["cards"]) == 4  # three other regions, one other sex
    assert {card["feature"] for card in found["cards"]} == {"region", "sex"}
    divergences = [card["divergence"] for card in found["cards"]]
    assert divergences == sorted(divergences)


def test_two_groups_are_compared_with_intervals(case, table):
    data = frame(table)
    groups = view.groups(case, makings=BOTH)["groups"]
    a, b = (groups["spec"][groups["name"].index(f"region = {one}, sex = female")] for one in ("east", "west"))

    rows = {row["metric"]: row for row in view.compare(case, a=a, b=b)["rows"]}

    negatives = data[(data["y"] == 0) & (data["sex"] == "female")]
    expected = (
        negatives.loc[negatives["region"] == "east", "said"].mean() - negatives.loc[negatives["region"] == "west", "said"].mean()
    )
    assert rows["fpr"]["gap"] == pytest.approx(expected, abs=1e-12)
    assert rows["fpr"]["clear"]
    assert rows["fpr"]["gap_low"] < expected < rows["fpr"]["gap_high"]


def test_curves_have_the_area_of_scikit_learn(case, table):
    data = frame(table)
    spec = {"values": {"sex": [0]}}

    everyone, women = view.curves(case, groups=[spec])["curves"]

    assert everyone["auc"] == pytest.approx(roc_auc_score(data["y"], data["p"]), abs=1e-12)
    inside = data[data["sex"] == "female"]
    assert women["auc"] == pytest.approx(roc_auc_score(inside["y"], inside["p"]), abs=1e-12)


def test_own_thresholds_bring_recalls_together(case):
    found = view.equal_thresholds(case, metric="recall", makings=BOTH)

    after = view.groups(case, makings=BOTH, own=found["thresholds"])["groups"]["metrics"]["recall"]["value"]
    np.testing.assert_allclose(after, found["target"], atol=0.01)


def test_a_threshold_that_selects_nobody_has_no_precision(case):
    found = view.groups(case, makings=BOTH, threshold=1.0)

    precision = found["groups"]["metrics"]["precision"]
    assert precision["value"] == [None] * 8
    assert precision["of"] == [0] * 8
    assert found["groups"]["metrics"]["selection_rate"]["value"] == [0.0] * 8


def test_the_size_curve_says_how_many_are_enough(case):
    groups = view.groups(case, makings=BOTH)["groups"]
    spec = groups["spec"][groups["name"].index("region = east, sex = female")]

    found = view.lacks_data(case, group=spec, metric="fpr")

    assert found["enough"] is not None
    assert found["enough"] < found["size"]
    job = case.jobs[view.start_learns(case, group=spec, metric="accuracy")["id"]].wait(60)
    assert job.state == "done"
    assert job.result["points"][0]["size"] == 0


def test_a_copy_of_the_label_is_flagged_and_not_searched(tmp_path):
    data = people(1_000)
    data["case_closed"] = np.where(data["y"] == 1, "granted", "refused")
    with audited(tmp_path / "leak.case", data) as case:
        leaks = {one["feature"]: one["reason"] for one in view.leaks(case)}
        found = suggest(case, Asked(), metric="fpr")

        assert leaks["case_closed"]
        assert leaks["region"] is None
        assert "case_closed" in {one["feature"] for one in found["left_out"]}
        names = {feature["name"] for feature in view.setup(case)["features"]}
        assert "p" not in names
        assert "y" not in names


def test_features_of_many_values_make_no_groups_and_say_so(tmp_path):
    data = people(30_000, planted=False)
    data["number"] = [f"n{place}" for place in range(30_000)]
    with audited(tmp_path / "many.case", data) as case:
        unusable = {one["name"]: one["reason"] for one in view.setup(case)["unusable"]}

        assert unusable["number"] == "it holds 30,000 different values, one for almost every instance"
        with pytest.raises(DataError, match=r"number makes no groups: it holds 30,000 different values"):
            view.groups(case, makings=[{"by": [{"feature": "number", "values": None}]}])


def test_labels_that_were_edited_count_at_once_and_the_filter_too(tmp_path):
    with audited(tmp_path / "edited.case", people(400)) as case:
        before = view.groups(case)["all"]["cells"][0]
        case.relabel("row < 100", "1")
        after = view.groups(case)["all"]["cells"][0]
        shown = view.groups(case, audit={"filter": {"op": "compare", "column": "sex", "is": "=", "value": "male"}})

        assert sum(before) == sum(after) == 400
        assert after[0] + after[3] > before[0] + before[3]
        assert shown["n"] == case.count("sex = 'male'")


def test_two_models_are_compared_on_the_same_instances(tmp_path):
    data = people(1_000)
    with audited(tmp_path / "two.case", data) as case:
        case.add_scores(np.clip(data["p"] + 0.2, 0, 1), name="generous", positive="1")
        assert set(view.setup(case)["available"]) == {"score", "generous"}

        found = view.two_models(case, other="generous", audit={"model": "score"})

        row = next(one for one in found["rows"] if one["metric"] == "selection_rate")
        assert row["a"] == pytest.approx((data["p"] >= 0.5).mean(), abs=1e-12)
        assert row["b"] == pytest.approx((np.clip(data["p"] + 0.2, 0, 1) >= 0.5).mean(), abs=1e-12)
        assert row["clear"]


def test_scores_that_come_while_a_case_is_looked_at_move_its_version_and_keep_its_picks(tmp_path):
    data = people(500)
    with audited(tmp_path / "two.case", data) as case:
        version, pick = case.serving.version, case.serving.make_pick([1, 2, 3])

        case.add_scores(1 - np.asarray(data["p"]), name="turned", positive="1")

        assert case.serving.version > version
        assert case.count({"op": "pick", "name": pick}) == 3
        assert (case.model.name, case.count("prediction = '1'")) == ("turned", (1 - np.asarray(data["p"]) >= 0.5).sum())


def test_kept_decisions_are_a_model_that_all_views_use_and_the_former_stays(tmp_path):
    data = people(1_000)
    data["y"] = [None if at % 9 == 0 else int(value) for at, value in enumerate(data["y"])]
    with audited(tmp_path / "kept.case", data) as case:
        case.exclude([1, 2])
        women = {"region = east, sex = female": 0.8}
        mine = (data["region"] == "east") & (data["sex"] == "female")
        expected = np.where(mine, data["p"] >= 0.8, data["p"] >= 0.3)

        asked = {"filter": {"op": "compare", "column": "sex", "is": "=", "value": "male"}}
        kept = view.keep_decisions(case, audit=asked, makings=BOTH, threshold=0.3, own=women)

        assert kept == {
            "name": "score, own thresholds",
            "before": "score",
            "changed": int((expected != (data["p"] >= 0.5)).sum()),
        }
        assert ((case.table()["prediction"].to_numpy() == "1") == expected).all()  # also hidden, excluded, unlabelled ones
        assert view.setup(case)["model"] == "score, own thresholds"
        assert any("east, sex = female 0.8" in note for note in view.setup(case)["notes"])
        assert view.setup(case)["by"] == ["region", "sex"]
        groups = view.groups(case, makings=BOTH)
        place = groups["groups"]["name"].index("region = east, sex = female")
        counted = mine & np.array([value is not None for value in data["y"]]) & ~np.isin(np.arange(1_000), [1, 2])
        selected = groups["groups"]["metrics"]["selection_rate"]
        assert selected["value"][place] == pytest.approx((data["p"] >= 0.8)[counted].mean())
        case.use_model("score")
        assert ((case.table()["prediction"].to_numpy() == "1") == (data["p"] >= 0.5)).all()

        assert view.keep_decisions(case, makings=BOTH, threshold=0.3, own=women)["name"] == "score, own thresholds"
        case.use_model("score")
        assert view.keep_decisions(case, makings=BOTH, threshold=0.4, own=women)["name"] == "score, own thresholds (2)"
        assert list(case.folder.models) == ["score", "score, own thresholds", "score, own thresholds (2)"]
        names = list(case.folder.models)
    with Case.open(tmp_path / "kept.case") as again:
        assert again.model.name == names[-1]
        assert again.folder.verify() == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"makings": BOTH}, "no threshold was moved, so all views decide like this one already."),
        ({"makings": [], "own": {"region = east, sex = female": 0.8}}, "is not among the groups that were made; tick its values"),
        (
            {"makings": [*BOTH, SEX], "own": {"region = east, sex = female": 0.99, "sex = female": 0.01}},
            "instances are in two groups whose own thresholds decide otherwise; give thresholds to groups that share nobody.",
        ),
    ],
)
def test_decisions_that_are_not_clear_are_not_kept(case, given, message):
    with pytest.raises(DataError) as refused:
        view.keep_decisions(case, **given)

    assert message in str(refused.value)
    assert list(case.folder.models) == ["score"]


def test_only_kept_decisions_are_set_aside_and_only_by_the_owner(tmp_path):
    with audited(tmp_path / "kept.case", people(400)) as case:
        served = case.table().column_names
        kept = view.keep_decisions(case, makings=BOTH, threshold=0.7)["name"]

        with pytest.raises(DataError, match="'score' is no decision that was kept on this page, so it stays in the case"):
            view.set_aside_decisions(case, name="score")
        with acting(Person("annotator", "ana")), pytest.raises(RoleError, match="it takes the owner"):
            view.set_aside_decisions(case, name=kept)
        assert view.set_aside_decisions(case, name=kept) == {"name": kept, "now": "score"}

        assert case.table().column_names == served
        assert (view.setup(case)["decided_from"], view.setup(case)["aside"]) == (None, [kept])
        view.take_back_decisions(case, name=kept)
        assert (view.setup(case)["decided_from"], view.setup(case)["aside"]) == ("score", [])


def test_the_card_is_made_again_when_decisions_are_set_aside_while_it_is_made(tmp_path, monkeypatch):
    with audited(tmp_path / "kept.case", people(400)) as case:
        kept = view.keep_decisions(case, makings=BOTH, threshold=0.7)["name"]
        describe = about.describe

        def set_aside_meanwhile(*arguments):
            if kept in case.folder.models:
                view.set_aside_decisions(case, name=kept)
                case.folder.model(kept)  # as whatever of the card is made next
            return describe(*arguments)

        monkeypatch.setattr(about, "describe", set_aside_meanwhile)
        assert [model["name"] for model in case.info()["models"]] == ["score"]


def test_pages_are_answered_while_decisions_are_set_aside_and_taken_back(tmp_path):
    with audited(tmp_path / "kept.case", people(400)) as case:
        kept = view.keep_decisions(case, makings=BOTH, threshold=0.7)["name"]
        assert case.serving.active == kept

        def back_and_forth():
            for _ in range(ROUNDS):
                view.set_aside_decisions(case, name=kept)
                view.take_back_decisions(case, name=kept)

        with ThreadPoolExecutor(1) as others:
            working = others.submit(back_and_forth)
            while not working.done():
                assert case.info()["model"] in ("score", kept)
                assert {"score"} <= set(view.setup(case)["available"]) <= {"score", kept}
                assert set(case.folder.aside) <= {kept}
            working.result()
        assert [model["name"] for model in case.info()["models"]] == ["score", kept]


def test_a_card_that_cannot_be_made_says_why(case, monkeypatch):
    monkeypatch.setattr(about, "describe", lambda *_: case.folder.model("other"))
    with pytest.raises(ModelError, match="no model named 'other'"):
        case.info()


def test_only_the_owner_decides_for_everybody(case):
    with acting(Person("annotator", "ana")), pytest.raises(RoleError, match="it takes the owner, and you are an annotator"):
        view.keep_decisions(case, makings=BOTH, threshold=0.7)
    assert list(case.folder.models) == ["score"]


def test_own_thresholds_count_in_the_files_and_the_size_curve(case, table):
    own = {"region = east, sex = female": 0.8}
    file = pd.read_csv(io.BytesIO(view.take_groups(case, makings=BOTH, threshold=0.4, own=own))).set_index("group")
    page = view.report(case, makings=BOTH, metrics=["fpr"], threshold=0.4, own=own).decode()

    data = frame(table)
    mine = (data["region"] == "east") & (data["sex"] == "female") & (data["y"] == 0)
    assert file["threshold"].value_counts().to_dict() == {0.4: 7, 0.8: 1}
    assert file.loc["region = east, sex = female", "fpr"] == pytest.approx((data["p"][mine] >= 0.8).mean())
    assert "One group is decided by a threshold of its own" in page
    assert "<td>region = east, sex = female</td><td class='r'>0.8</td>" in page
    east = {"values": {"region": [0], "sex": [0]}}
    curve = view.lacks_data(case, group=east, metric="fpr", threshold=0.4, own=0.8)
    assert curve["value"] == pytest.approx((data["p"][mine] >= 0.8).mean())
    others = (data["y"] == 0) & ~((data["region"] == "east") & (data["sex"] == "female"))
    assert curve["rest"] == pytest.approx((data["p"][others] >= 0.4).mean())


def test_many_classes_are_averaged_or_judged_one_by_one(tmp_path):
    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 900)
    shares = random.dirichlet(np.ones(3), 900) * 0.5 + 0.5 * np.eye(3)[truth]
    data = {"y": np.array(["a", "b", "c"])[truth], "sex": np.array(["f", "m"])[random.integers(0, 2, 900)]}
    data |= {f"p_{name}": shares[:, place] for place, name in enumerate("abc")}
    with audited(tmp_path / "three.case", data, score=["p_a", "p_b", "p_c"], by="sex") as case:
        makings = [{"by": [{"feature": "sex", "values": None}]}]
        said = shares.argmax(1)
        women = data["sex"] == "f"

        averaged = view.groups(case, makings=makings)
        one = view.groups(case, makings=makings, audit={"focus": 1})

        place = averaged["groups"]["name"].index("sex = f")
        assert view.setup(case)["task"] == "classes"
        expected = recall_score(truth[women], said[women], average="macro")
        assert averaged["groups"]["metrics"]["recall"]["value"][place] == pytest.approx(expected, abs=1e-12)
        expected = recall_score(truth[women] == 1, said[women] == 1)
        assert one["groups"]["metrics"]["recall"]["value"][place] == pytest.approx(expected, abs=1e-12)


def test_numbers_have_errors_in_their_own_unit(tmp_path):
    random = np.random.default_rng(0)
    truth = random.normal(50, 10, 600)
    sex = np.array(["f", "m"])[random.integers(0, 2, 600)]
    guess = truth + random.normal(np.where(sex == "f", 4, 0), 2)
    with audited(tmp_path / "prices.case", {"sex": sex, "y": truth, "p": guess}, by="sex") as case:
        found = view.groups(case, makings=[{"by": [{"feature": "sex", "values": None}]}])["groups"]

        place, women = found["name"].index("sex = f"), sex == "f"
        assert found["metrics"]["mae"]["value"][place] == pytest.approx(mean_absolute_error(truth[women], guess[women]))
        assert found["metrics"]["r2"]["value"][place] == pytest.approx(r2_score(truth[women], guess[women]))
        gap = next(
            row for row in view.compare(case, a=found["spec"][0], b=found["spec"][1])["rows"] if row["metric"] == "mean_error"
        )
        assert gap["clear"]
        assert gap["gap_low"] < 4 < gap["gap_high"]
        assert suggest(case, Asked(), metric="mae")["cards"][0]["name"] == "sex = f"


def test_the_report_stands_alone_and_escapes_what_people_wrote(tmp_path):
    data = people(800)
    data["region"] = np.where(data["region"] == "east", "<script>alert(1)</script>", data["region"])
    with audited(tmp_path / "report.case", data) as case:
        page = view.report(case, makings=BOTH, metrics=["accuracy", "fpr"], pinned={"values": {"sex": [0]}}).decode()

        assert "<script" not in page
        assert "&lt;script&gt;" in page
        assert "http" not in page.replace("http-equiv", "")
        assert "How to read this page" in page
        assert "Groups nobody asked for" in page


def test_a_group_leaves_as_json_with_its_instances(case, table):
    data = frame(table)
    found = json.loads(view.take_group(case, group={"values": {"sex": [0]}}))

    inside = np.flatnonzero(data["sex"] == "female")
    assert found["rows"] == inside.tolist()
    assert found["size"] == len(inside)
    assert found["metrics"]["accuracy"]["of"] == len(inside)
    assert found["group"]["filter"] == {"op": "compare", "column": "sex", "is": "=", "value": "female"}


def test_a_case_without_labels_or_model_says_what_to_do(tmp_path):
    from underglass import datasets

    with Case.create(tmp_path / "bare.case", datasets.arrays(np.zeros((4, 4, 4), np.uint8))) as case:
        assert "underglass audit scores.csv --label y --score p" in view.setup(case)["why"]
