"""Are associations of a case those of its stored label sets, counted by hand and by scipy, and are flags edits like any other?"""

import io
import zipfile

import numpy as np
import pyarrow.csv
import pytest
from scipy.stats import kendalltau
from sklearn.metrics import jaccard_score

from planted import planted_case
from underglass import datasets
from underglass.analyses.association_metrics import METRICS, REASONS
from underglass.case import Case
from underglass.datasets.npmi_runs import read_npmi, write_events
from underglass.errors import DataError
from underglass.views import associations as view

N, LABELS = 4000, 40


def tagged(seed=0, permute=False):
    """Tags of 4,000 items: `planted` goes with man, `against` with woman; `never` avoids man, `always` and `nothing` say so."""
    r = np.random.default_rng(seed)
    man = r.random(N) < 0.3
    woman = ~man & (r.random(N) < 0.4)
    tags = {f"tag {j:02d}": r.random(N) < 0.02 + 0.2 * r.random() for j in range(LABELS)}
    tags["planted"] = r.random(N) < np.where(man, 0.6, 0.1)
    tags["against"] = r.random(N) < np.where(woman, 0.6, 0.1)
    tags["never"] = ~man & (r.random(N) < 0.05)
    if permute:
        man, woman = r.permutation(man), r.permutation(woman)
    return {"id": np.arange(N), "man": man, "woman": woman, **tags, "always": np.ones(N, bool), "nothing": np.zeros(N, bool)}


@pytest.fixture
def labelled(tmp_path):
    table = tagged()
    with Case.create_labelled(tmp_path / "tags.case", datasets.read_labels(table), identities=["man", "woman"]) as case:
        yield case, table


def asked(case, *identities, **more):
    return {"sources": view.offer(case)["sources"][:1], "identities": list(identities or ("man", "woman")), **more}


def names_of(case, question):
    raw = view.names(case, question)
    n = int(np.frombuffer(raw, "<u4", 1)[0])
    ends, text = np.frombuffer(raw, "<u4", n, 4), raw[4 * (n + 1) :]
    return [text[a:b].decode() for a, b in zip([0, *ends[:-1]], ends, strict=True)]


def column_of(case, question, metric, a, b=None, source=0):
    raw, n = view.column(case, question, source, metric, a, b), view.summary(case, question)["labels"]
    value, low, high = np.frombuffer(raw, "<f8", n), np.frombuffer(raw, "<f4", n, 8 * n), np.frombuffer(raw, "<f4", n, 12 * n)
    return value, low, high, np.frombuffer(raw, "u1", n, 16 * n)


def test_what_is_sent_is_what_scipy_and_a_count_by_hand_give(labelled):
    case, table = labelled
    question = asked(case)
    names = names_of(case, question)
    assert set(names) == set(table) - {"id", "man", "woman"}
    counts = np.frombuffer(view.counts(case, question), "<i4").reshape(3, -1)
    tau, jaccard = column_of(case, question, "tau_b", 0)[0], column_of(case, question, "jaccard", 1)[0]
    for at, name in enumerate(names):
        assert counts[:, at].tolist() == [
            table[name].sum(),
            (table[name] & table["man"]).sum(),
            (table[name] & table["woman"]).sum(),
        ]
        if name not in ("always", "nothing"):
            assert tau[at] == pytest.approx(kendalltau(table["man"], table[name]).statistic, abs=1e-12)
            assert jaccard[at] == pytest.approx(jaccard_score(table["woman"], table[name]), abs=1e-12)


def test_planted_associations_stand_at_both_ends(labelled):
    case, _ = labelled
    question = asked(case)
    gap, low, high, why = column_of(case, question, "tau_b", 0, 1)
    names = names_of(case, question)
    order = [names[at] for at in np.argsort(np.where(why > 0, np.nan, gap)) if not why[at]]
    assert (order[-1], order[0]) == ("planted", "against")
    assert (low <= gap.astype(np.float32))[why == 0].all()
    assert (gap.astype(np.float32) <= high)[why == 0].all()


def test_permuted_identities_have_about_as_many_clear_gaps_as_chance(tmp_path):
    read = datasets.read_labels(tagged(seed=5, permute=True))
    with Case.create_labelled(tmp_path / "permuted.case", read) as case:
        _, low, high, why = column_of(case, asked(case), "tau_b", 0, 1)
    clear = ((low > 0) | (high < 0)) & (why == 0)
    assert clear.sum() <= 0.12 * (why == 0).sum()


def test_what_has_no_value_says_why_and_is_never_zero(labelled):
    case, _ = labelled
    question = asked(case)
    names = names_of(case, question)
    for metric in METRICS:
        value, _, _, why = column_of(case, question, metric, 0)
        if metric in ("pmi", "npmi_xy", "llr", "pmi2", "npmi_y"):
            assert REASONS[why[names.index("never")]] == "never together"
            assert value[names.index("never")] != 0
    value, _, _, why = column_of(case, question, "tau_b", 0)
    said = [REASONS[why[names.index(name)]] for name in ("always", "nothing")]
    assert said == ["label always occurs", "label never occurs"]
    assert np.isnan(value[[names.index("always"), names.index("nothing")]]).all()


def test_a_filter_and_an_exclusion_change_what_is_counted(labelled):
    case, table = labelled
    case.exclude(np.arange(1000))
    only = view.summary(case, asked(case))
    assert only["instances"] == N - 1000
    tree = {"op": "compare", "column": "id", "is": "<", "value": 1500}
    question = asked(case, where=tree)
    at = names_of(case, question).index("planted")
    counts = np.frombuffer(view.counts(case, question), "<i4").reshape(3, -1)
    assert counts[0, at] == table["planted"][1000:1500].sum()
    with pytest.raises(DataError, match="no instance is left to count"):
        view.summary(case, asked(case, where={**tree, "is": ">", "value": 9999}))


def test_flags_and_hides_of_labels_are_edits_that_undo_takes_back(labelled):
    case, _ = labelled
    question = asked(case)
    view.mark(case, question, "flag", [3, 5])
    view.mark(case, question, "hide", [7])
    assert view.marks(case, question) == {"flagged": [3, 5], "hidden": [7]}
    view.mark(case, question, "flag", [3], on=False)
    assert view.marks(case, question)["flagged"] == [5]
    for _ in range(3):
        case.undo()
    assert view.marks(case, question) == {"flagged": [], "hidden": []}
    case.redo()
    assert view.marks(case, question)["flagged"] == [3, 5]
    assert case.history()[0].summary().startswith("flagged")


def test_flags_hold_after_the_case_is_opened_again_and_travel_as_a_patch(labelled, tmp_path):
    case, table = labelled
    view.mark(case, asked(case), "flag", [1, 2])
    name = names_of(case, asked(case))[1]
    case.folder.export_patch(tmp_path / "edits.jsonl")
    with Case.create_labelled(tmp_path / "copy.case", datasets.read_labels(table), identities=["man", "woman"]) as copy:
        copy.folder.apply_patch(tmp_path / "edits.jsonl")
        assert names_of(copy, asked(copy))[1] == name
        assert view.marks(copy, asked(copy))["flagged"] == [1, 2]


def test_instances_of_a_label_become_a_pick_and_a_subset(labelled):
    case, table = labelled
    question = asked(case)
    at = names_of(case, question).index("planted")
    found = view.pick(case, question, 0, at)
    rows = case.rows({"op": "pick", "name": found["name"]})
    assert rows.tolist() == np.flatnonzero(table["planted"]).tolist()
    both = view.pick(case, question, 0, at, "man")
    assert both["count"] == (table["planted"] & table["man"]).sum()


def test_columns_subsets_and_filters_stand_for_identities(tmp_path):
    with Case(planted_case(tmp_path / "p.case", 600)) as case:
        case.subset("old", "age > 60")
        found = case.associations(["old", "site = 'north'", "checked"], top=2)
        table, probabilities = case.table(), np.asarray(case.model.probabilities)
        old = np.asarray(table["age"]) > 60
        north = np.array([site == "north" for site in table["site"].to_pylist()])
        top = np.zeros(probabilities.shape, bool)
        np.put_along_axis(top, np.argsort(-probabilities, axis=1)[:, :2], values=True, axis=1)
        assert found.joint.tolist() == [
            (top & mask[:, None]).sum(axis=0).tolist() for mask in (old, north, np.asarray(table["checked"]))
        ]
        some = case.associations(["old"], threshold=0.4, where="split = 'test'")
        test = np.array([split == "test" for split in table["split"].to_pylist()])
        assert some.label_count.tolist() == (probabilities[test] >= 0.4).sum(axis=0).tolist()
        with pytest.raises(DataError, match="no identity named 'olt'; did you mean 'old'"):
            case.associations(["olt"])
        with pytest.raises(DataError, match="not both"):
            case.associations(["old"], threshold=0.5, top=1)
        with pytest.raises(DataError, match="between 1 and the 5 classes"):
            case.associations(["old"], top=9)


def test_another_data_set_stands_beside_with_its_own_items(labelled):
    case, table = labelled
    other = {name: values[:500] for name, values in tagged(seed=3).items() if name != "tag 00"} | {
        "only here": table["tag 01"][:500]
    }
    case.add_labels("other", datasets.read_labels(other))
    question = asked(case) | {"sources": view.offer(case)["sources"]}
    told = view.summary(case, question)
    assert [side["items"] for side in told["sides"]] == [N, 500]
    assert [side["aligned"] for side in told["sides"]] == [True, False]
    names = names_of(case, question)
    why = column_of(case, question, "dp", 0, None, 1)[3]
    assert view.WORDS[why[names.index("tag 00")]] == "not among its labels"
    assert view.WORDS[column_of(case, question, "dp", 0)[3][names.index("only here")]] == "not among its labels"
    with pytest.raises(DataError, match="items that are not in this case"):
        view.pick(case, question, 1, 0)


def test_the_same_items_in_another_order_are_the_same_instances(labelled):
    case, table = labelled
    order = np.random.default_rng(1).permutation(N)
    case.add_labels("shuffled", datasets.read_labels({name: values[order] for name, values in table.items()}))
    both = {"sources": view.offer(case)["sources"], "identities": ["man"]}
    counts = np.frombuffer(view.counts(case, both), "<i4").reshape(2, 2, -1)
    assert view.summary(case, both)["sides"][1]["aligned"]
    np.testing.assert_array_equal(counts[0], counts[1])


def test_exports_carry_counts_intervals_and_reasons(labelled):
    case, _ = labelled
    question = asked(case)
    view.mark(case, question, "flag", [0])
    data = view.take_away(case, question, "csv", metrics=["pmi", "dp"], pairs=[[0, 1]], labels=[0, 5, 9])
    found = pyarrow.csv.read_csv(io.BytesIO(data))
    names = names_of(case, question)
    assert found["label"].to_pylist() == [names[at] for at in (0, 5, 9)]
    assert found["flagged"].to_pylist() == [True, False, False]
    assert found["dp_gap@man|woman"].to_pylist() == pytest.approx(column_of(case, question, "dp", 0, 1)[0][[0, 5, 9]])
    assert {"items", "count", "count@man", "pmi_low@man", "pmi_reason@woman", "dp_gap_high@man|woman"} <= set(found.column_names)
    every = pyarrow.csv.read_csv(io.BytesIO(view.take_away(case, question, "csv", metrics=["pmi"])))
    row = every["label"].to_pylist().index("never")
    assert (every["pmi@man"][row].as_py(), every["pmi_reason@man"][row].as_py()) == (-np.inf, "never together")
    with pytest.raises(DataError, match="no format named 'xls'"):
        view.take_away(case, question, "xls")


def test_runs_of_the_plug_in_come_back_from_what_was_written(labelled, tmp_path):
    case, _ = labelled
    question = asked(case)
    packed = zipfile.ZipFile(io.BytesIO(view.take_away(case, question, "plugin_events", pairs=[[0, 1]])))
    packed.extractall(tmp_path / "logs")
    (run,) = read_npmi(tmp_path / "logs")
    assert run.labels == tuple(names_of(case, question))
    assert run.metrics == ("nPMI@man", "count@man", "nPMI@woman", "count@woman", "nPMI_diff@man|woman")
    case.add_npmi_runs(tmp_path / "logs")
    both = question | {"sources": view.offer(case)["sources"]}
    mine, given = column_of(case, both, "npmi_xy", 0, 1), column_of(case, both, "npmi_xy", 0, 1, 1)
    known = (given[3] == 0) & np.isfinite(mine[0])
    assert known.sum() >= LABELS
    assert given[0][known] == pytest.approx(mine[0][known], abs=1e-6)
    assert np.isnan(given[1]).all()
    assert view.WORDS[column_of(case, both, "tau_b", 0, None, 1)[3][0]] == "not in the file"
    write_events(run, tmp_path / "again")
    assert read_npmi(tmp_path / "again")[0].labels == run.labels


def test_likeness_and_the_map_come_from_co_occurrence(labelled):
    case, _ = labelled
    question = asked(case)
    names = names_of(case, question)
    distance = np.frombuffer(view.similar(case, question, names.index("planted")), "<f8")
    assert distance[names.index("planted")] == 0
    places = np.frombuffer(view.places(case, question), "<f4").reshape(2, -1)
    assert np.isnan(places[:, names.index("nothing")]).all()
    with pytest.raises(DataError, match="'nothing' never occurs with another label"):
        view.similar(case, question, names.index("nothing"))


def test_the_report_says_which_metrics_follow_the_frequency(labelled):
    case, _ = labelled
    told = view.report(case, asked(case), 0, 0, 1, k=10)
    assert told["metrics"] == list(METRICS)
    place = told["metrics"].index
    assert told["spearman"][place("pmi")][place("llr")] == pytest.approx(1)
    assert all(row["labels"] <= 10 for row in told["top"])
