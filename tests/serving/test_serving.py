"""Does the served table hold what the source and the models say, and does it answer as asked?"""

import numpy as np
import pyarrow as pa
import pytest

from planted import planted_case
from serving.building import CLASSES, N, instances, model, read, serve
from underglass.errors import DataError, FilterError, StaleError
from underglass.serving import QueryError, Serving


def test_values_are_those_of_the_source(served):
    source, table = instances(), served.table()

    assert table["row"].to_pylist() == list(range(N))
    assert table["id"].to_pylist() == source["id"].to_pylist()
    assert table["label"].to_pylist() == [None if code is None else CLASSES[code] for code in source["label"].to_pylist()]
    for name in ("split", "age", "visits", "taken", "who", "free", "glasses"):
        assert table[name].to_pylist() == source[name].to_pylist(), name


@pytest.mark.parametrize(("end", "seed"), [("", 1), ("@mlp", 2)])
def test_predictions_are_those_of_the_models(served, end, seed):
    said, table = model("x", seed=seed), served.table()

    assert table[f"prediction{end}"].to_pylist() == [None if code < 0 else CLASSES[code] for code in said.prediction]
    np.testing.assert_array_equal(table[f"confidence{end}"].to_numpy(), said.confidence)


def test_correct_is_missing_without_a_label_or_a_prediction(served):
    table = served.table(columns=["label", "prediction", "correct"]).to_pylist()

    for row in table:
        unknown = row["label"] is None or row["prediction"] is None
        assert row["correct"] is (None if unknown else row["label"] == row["prediction"])
    assert {row["correct"] for row in table} == {True, False, None}


def test_a_filter_counts_what_its_rows_are(served):
    tree = {"op": "compare", "column": "label", "is": "=", "value": "it's"}
    expected = [i for i, code in enumerate(instances()["label"].to_pylist()) if code == 3]

    assert served.rows(tree).tolist() == expected
    assert served.rows(tree).dtype == np.int32
    assert served.count(tree) == len(expected)
    assert served.table(tree, columns=["row"])["row"].to_pylist() == expected
    assert served.count() == N


def test_a_wrong_filter_is_refused_by_name(served):
    with pytest.raises(FilterError, match="no column named 'lable'; did you mean 'label'"):
        served.count({"op": "null", "column": "lable"})
    with pytest.raises(StaleError, match="pick_9 is gone: pick again"):
        served.count({"op": "pick", "name": "pick_9"})
    with pytest.raises(DataError, match="no column named 'agee'; did you mean 'age'"):
        served.table(columns=["agee"])


def test_columns_are_described_for_hosts(served):
    columns = {column["name"]: column for column in served.columns()}
    ages = instances()["age"].drop_null().to_numpy()

    assert list(columns)[:6] == ["row", "id", "label", "prediction", "confidence", "correct"]
    assert columns["label"]["type"] == "category"
    assert columns["label"]["categories"] == list(CLASSES)
    assert columns["label"]["nulls"] == sum(code is None for code in instances()["label"].to_pylist())
    assert (columns["age"]["type"], columns["age"]["min"], columns["age"]["max"]) == ("number", ages.min(), ages.max())
    assert (columns["visits"]["type"], columns["visits"]["min"]) == ("integer", 0)
    assert (columns["taken"]["type"], columns["taken"]["min"]) == ("time", "2025-01-31 12:00:00")
    assert (columns["split"]["type"], columns["split"]["categories"]) == ("category", ["test", "train"])
    assert (columns["free"]["type"], columns["free"]["categories"]) == ("text", None)
    assert [columns[name]["type"] for name in ("glasses", "tags", "note", "excluded")] == ["boolean", "list", "text", "boolean"]


def test_a_query_answers_as_an_arrow_stream(served):
    answer = served.answer("SELECT label, count(*) AS n FROM instances GROUP BY label ORDER BY n DESC")

    table = read(answer.data)
    assert (answer.version, answer.rows) == (served.version, table.num_rows)
    assert sum(table["n"].to_pylist()) == N
    assert pa.types.is_dictionary(table["label"].type)
    assert read(served.query("SELECT 1 AS one"))["one"].to_pylist() == [1]


def test_a_study_without_models_labels_or_rows_is_served():
    table = pa.table({name: pa.array([], kind) for name, kind in (("row", pa.int32()), ("label", pa.int32()))})
    bare = Serving(table.append_column("id", pa.array([], pa.string())).append_column("split", pa.array([], pa.string())), [])

    assert bare.count() == 0
    assert bare.column_types()["label"].categories == ()
    assert "prediction" not in bare.column_types()
    bare.close()


def test_picks_stand_for_rows_in_filters_and_queries(served):
    name = served.make_pick([7, 3, 3])

    assert served.rows({"op": "pick", "name": name}).tolist() == [3, 7]
    assert (
        read(served.query(f'SELECT count(*) AS n FROM instances WHERE "row" IN (SELECT "row" FROM {name})'))["n"][0].as_py() == 2
    )
    with pytest.raises(DataError, match="there is no instance 999: rows are 0 to 239"):
        served.make_pick([1, 999])
    assert served.count({"op": "pick", "name": served.make_pick([])}) == 0


def test_the_oldest_picks_go():
    served = serve(n=20, models=())
    first = served.make_pick([1])
    version = served.version

    names = [served.make_pick([2]) for _ in range(256)]

    assert served.count({"op": "pick", "name": names[0]}) == 1
    with pytest.raises(StaleError, match=f"{first} is gone"):
        served.count({"op": "pick", "name": first})
    with pytest.raises(StaleError, match=f"{first} is gone"):
        served.query(f"SELECT * FROM {first}")
    assert served.version == version
    served.close()


def test_a_result_becomes_columns(edited):
    version = edited.version

    edited.add_columns({"pattern.conv2": [2, -1], "stability.conv2": [0.5, float("nan")], "kind": ["a", "b"]}, rows=[5, 9])

    assert edited.version == version + 1
    table = edited.table(columns=["row", "pattern.conv2", "stability.conv2", "kind"]).to_pylist()
    assert table[5] == {"row": 5, "pattern.conv2": 2, "stability.conv2": 0.5, "kind": "a"}
    assert table[9] == {"row": 9, "pattern.conv2": -1, "stability.conv2": None, "kind": "b"}
    assert table[6] == {"row": 6, "pattern.conv2": None, "stability.conv2": None, "kind": None}
    assert edited.column_types()["pattern.conv2"].kind == "integer"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.arange(N, dtype=np.int32), "integer"),
        (np.arange(N) + 2**40, "integer"),
        (np.arange(N, dtype=np.float16), "number"),
        (np.linspace(0, 1, N), "number"),
        (np.arange(N) % 2 == 0, "boolean"),
        (["a", None] * (N // 2), "text"),
        ([["a"], []] * (N // 2), "list"),
        (np.arange(N).astype("datetime64[D]"), "time"),
    ],
)
def test_a_results_values_are_kept_exactly(edited, values, kind):
    edited.add_columns({"found": values})

    assert edited.column_types()["found"].kind == kind
    served = edited.table(columns=["found"])["found"].to_pylist()
    expected = pa.array(values).to_pylist()
    assert [str(a)[:10] for a in served] == [str(b)[:10] for b in expected] if kind == "time" else served == expected


def test_a_result_replaces_the_one_before(edited):
    edited.add_columns({"pattern.conv2": np.zeros(N, np.int32)})

    edited.add_columns({"pattern.conv2": np.ones(N, np.int32)})

    assert edited.count({"op": "compare", "column": "pattern.conv2", "is": "=", "value": 1}) == N
    edited.drop_columns(["pattern.conv2"])
    assert "pattern.conv2" not in edited.column_types()


@pytest.mark.parametrize("name", ["label", "row", "Prediction", "prediction@cnn", "tags"])
def test_a_result_never_replaces_what_is_no_result(served, name):
    with pytest.raises(DataError, match="is not a result's: it cannot be replaced"):
        served.add_columns({name: np.zeros(N)})


def test_a_result_has_a_value_for_each_instance_it_names(served):
    with pytest.raises(DataError, match=r"column 'x\.conv1' has 3 values for 2 instances"):
        served.add_columns({"x.conv1": [1.0, 2.0, 3.0]}, rows=[0, 1])
    with pytest.raises(DataError, match="there is no instance 240"):
        served.add_columns({"x.conv1": [1.0]}, rows=[240])


def test_another_model_takes_the_bare_names(edited):
    edited.add_columns({"pattern.conv2": np.zeros(N, np.int32), "pattern.fc@mlp": np.ones(N, np.int32)})
    before = edited.table()

    edited.use_model("mlp")

    after = edited.table()
    assert after["prediction"].to_pylist() == before["prediction@mlp"].to_pylist()
    assert after["prediction@cnn"].to_pylist() == before["prediction"].to_pylist()
    assert after["correct"].to_pylist() == before["correct@mlp"].to_pylist()
    assert after["pattern.fc"].to_pylist() == [1] * N
    assert after["pattern.conv2@cnn"].to_pylist() == [0] * N
    version = edited.version
    assert edited.use_model("mlp") == version
    edited.use_model("cnn")
    assert edited.table().select(before.column_names).equals(before)
    with pytest.raises(DataError, match="no model named 'mlq'; did you mean 'mlp'"):
        edited.use_model("mlq")


@pytest.mark.parametrize("first", [(), ("cnn",)])
def test_a_model_that_comes_later_is_served_as_if_it_had_been_there(first):
    with_all, later = serve(models=(*first, "mlp")), serve(models=first)
    try:
        said = model("mlp", seed=len(first) + 1)
        version = later.add_model(said)

        assert version == later.version > 1
        expected = with_all.table()
        found = later.table(columns=expected.column_names)
        assert found.equals(expected)
        assert sorted(later.columns(), key=str) == sorted(with_all.columns(), key=str)
        with pytest.raises(DataError, match="a model named 'mlp' is served already"):
            later.add_model(said)
        later.use_model("mlp")
        predicted = [None if code < 0 else CLASSES[code] for code in said.prediction]
        assert later.table(columns=["prediction"])["prediction"].to_pylist() == predicted
    finally:
        with_all.close()
        later.close()


def test_new_classes_extend_the_category(edited):
    before = edited.table(columns=["label"])["label"].to_pylist()

    edited.add_classes(["Sandal", "Coat"])

    assert edited.column_types()["label"].categories == (*CLASSES, "Sandal", "Coat (5)")
    assert edited.table(columns=["label"])["label"].to_pylist() == before
    assert edited.count({"op": "compare", "column": "label", "is": "=", "value": "Sandal"}) == 0


def test_classes_given_twice_are_told_apart():
    table = pa.table({"row": [0, 1], "id": ["a", "b"], "label": [0, 2], "split": [None, None]})
    served = Serving(table, ["crane", "missile", "crane"])

    assert served.table(columns=["label"])["label"].to_pylist() == ["crane", "crane (2)"]
    served.close()


def test_a_lasso_picks_what_its_columns_say(edited):
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(2, N)).astype(np.float32)
    x[::9] = np.nan
    edited.add_columns({"x.conv2": x, "y.conv2": y})

    rows = edited.rows_in_polygon("conv2", [(-1, -1), (1, -1), (1, 1), (-1, 1)])

    where = '"x.conv2" > -1 AND "x.conv2" < 1 AND "y.conv2" > -1 AND "y.conv2" < 1'
    assert len(rows) == read(edited.query(f"SELECT count(*) AS n FROM instances WHERE {where}"))["n"][0].as_py()
    assert rows.tolist() == [i for i in range(N) if abs(x[i]) < 1 and abs(y[i]) < 1]
    with pytest.raises(DataError, match="no projected layer named 'conv3'; did you mean 'conv2'"):
        edited.rows_in_polygon("conv3", [(0, 0), (1, 0), (1, 1)])


def test_a_closed_study_answers_no_more():
    served = serve(n=20)
    served.close()

    with pytest.raises(QueryError, match="the case is closed"):
        served.query("SELECT 1")


def test_a_kept_pick_means_the_same_when_the_case_is_served_again(tmp_path):
    case_folder = planted_case(tmp_path / "planted.case", 20, images=False)
    first = Serving.from_case(case_folder)
    name = first.make_pick([2, 5], keep=True)
    first.close()

    again = Serving.from_case(case_folder)

    assert again.rows({"op": "pick", "name": name}).tolist() == [2, 5]
    assert again.make_pick([1]) != name
    again.close()
