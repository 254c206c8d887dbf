"""Are results kept whole, and is it known what has changed since?"""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.building import STEADY, files_of, start
from store.small_disk import run_on_small_disk
from underglass.errors import CaseError, DataError
from underglass.store import CaseFolder, ResultStore, hash_array

INPUTS = {"activations of conv2": "a", "labels": "b"}


@pytest.fixture
def results(tmp_path: Path) -> ResultStore:
    return ResultStore(tmp_path / "results")


def test_a_result_comes_back_as_it_was_put(results: ResultStore) -> None:
    arrays = {
        "labels": np.array([0, -1, 2]),
        "coordinates": np.float32([[1, 2], [3, 4]]),
        "names": np.array(["a", "bç"]),
        "none": np.zeros((0, 3)),
    }

    results.put("patterns", "conv2, 5", arrays, {"count": 3, "advice": None}, INPUTS)
    found = ResultStore(results.path).get("patterns", "conv2, 5")

    assert found is not None
    assert found.arrays.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found.arrays[name], array)
        assert found.arrays[name].dtype == array.dtype
    assert (found.meta, found.inputs, found.analysis, found.key) == ({"count": 3, "advice": None}, INPUTS, "patterns", "conv2, 5")


def test_there_is_no_result_before_one_is_put(results: ResultStore) -> None:
    assert results.get("patterns", "x") is None
    assert results.list("patterns") == ()
    assert results.analyses() == ()
    with pytest.raises(CaseError, match="there is no patterns result under 'x'"):
        results.stale("patterns", "x", {})


def test_keys_are_listed_oldest_first(results: ResultStore) -> None:
    for key in ("b", "../a", "c" * 300):
        results.put("projection", key, {}, {}, {})

    assert results.list("projection") == ("b", "../a", "c" * 300)
    assert results.analyses() == ("projection",)


@STEADY
@given(
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12")),
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12")),
)
def test_stale_names_exactly_what_differs(tmp_path_factory: pytest.TempPathFactory, before: dict, after: dict) -> None:
    results = ResultStore(tmp_path_factory.mktemp("results"))
    results.put("patterns", "k", {}, {}, before)

    found = results.stale("patterns", "k", after)

    assert set(found) == {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert len(found) == len(set(found))


def test_a_relabel_stales_what_used_labels_and_no_projection(case: CaseFolder) -> None:
    def inputs(*names: str) -> dict[str, str]:
        now = {"labels": hash_array(case.labels()), "activations of conv1": "same"}
        return {name: now[name] for name in names}

    case.results.put("projection", "conv1", {}, {}, inputs("activations of conv1"))
    case.results.put("subgroups", "all", {}, {}, inputs("activations of conv1", "labels"))

    case.journal.append("label", rows=[3], new=2)

    assert case.results.stale("projection", "conv1", inputs("activations of conv1")) == []
    assert case.results.stale("subgroups", "all", inputs("activations of conv1", "labels")) == ["labels"]
    case.journal.undo()
    assert case.results.stale("subgroups", "all", inputs("activations of conv1", "labels")) == []


def test_putting_again_replaces_and_sweeps(results: ResultStore) -> None:
    results.put("patterns", "k", {"labels": np.zeros(3), "old": np.ones(2)}, {"n": 1}, {})
    results.put("patterns", "k", {"labels": np.ones(3)}, {"n": 2}, {})

    found = results.get("patterns", "k")
    assert found is not None
    assert (found.meta, list(found.arrays)) == ({"n": 2}, ["labels"])
    assert sum(name.endswith(".npy") for name in files_of(results.path)) == 1


def test_a_reader_keeps_the_arrays_it_has_open(results: ResultStore) -> None:
    before = results.put("patterns", "k", {"labels": np.zeros(100_000)}, {}, {})
    results.put("patterns", "k", {"labels": np.ones(100_000)}, {}, {})

    assert before.arrays["labels"].sum() == 0


def test_killed_while_putting_the_earlier_result_stays(results: ResultStore) -> None:
    results.put("patterns", "k", {"labels": np.zeros(3)}, {"n": 1}, {})
    process = start(
        """
from pathlib import Path
import numpy as np
from underglass.store import ResultStore
def stop(event, arguments):
    if event == "os.rename" and str(arguments[1]).endswith("result.json"):
        print("stopped", flush=True)
        sys.stdin.read()
sys.addaudithook(stop)
ResultStore(Path(sys.argv[1])).put("patterns", "k", {"labels": np.ones(3)}, {"n": 2}, {})
""",
        results.path,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "stopped\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()

    found = results.get("patterns", "k")
    assert found is not None
    assert (found.meta, found.arrays["labels"].tolist()) == ({"n": 1}, [0, 0, 0])
    assert results.verify() == []
    results.put("patterns", "k", {"labels": np.full(3, 2)}, {"n": 3}, {})
    assert len(files_of(results.path)) == 2


def test_two_processes_may_put_the_same_result(results: ResultStore) -> None:
    script = """
from pathlib import Path
import numpy as np
from underglass.store import ResultStore
results = ResultStore(Path(sys.argv[1]))
for i in range(25):
    results.put("patterns", "k", {"labels": np.full(5, i)}, {"n": i}, {})
    found = results.get("patterns", "k")
    assert (found.arrays["labels"] == found.meta["n"]).all()
"""
    processes = [start(script, results.path) for _ in range(2)]
    for process in processes:
        _, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
    assert results.verify() == []


def test_a_full_disk_keeps_the_earlier_result() -> None:
    out = run_on_small_disk(
        """
from pathlib import Path
import numpy as np
from underglass.errors import CaseError
from underglass.store import ResultStore
results = ResultStore(Path(sys.argv[1]))
results.put("patterns", "k", {"labels": np.zeros(3)}, {"n": 1}, {})
try:
    results.put("patterns", "k", {"labels": np.ones(3), "large": np.random.default_rng(0).random(400_000)}, {"n": 2}, {})
except CaseError as error:
    print(str(error).split(":")[0])
print(results.get("patterns", "k").meta, results.verify())
""",
        kilobytes=1000,
    )

    assert out.splitlines() == ["the disk is full", "{'n': 1} []"]


@pytest.mark.parametrize("meta", [{"a": float("nan")}, {"a": object()}, {"a": np.float32(1)}])
def test_what_is_no_plain_json_is_refused(results: ResultStore, meta: dict) -> None:
    with pytest.raises(
        DataError, match="what is kept beside a patterns result must be plain JSON, null where a number is not defined"
    ):
        results.put("patterns", "k", {}, meta, {})
    assert results.get("patterns", "k") is None


def test_objects_are_refused(results: ResultStore) -> None:
    with pytest.raises(DataError, match="array 'labels' of a patterns result holds Python objects"):
        results.put("patterns", "k", {"labels": np.array([None])}, {}, {})


def test_a_damaged_result_is_named_and_can_be_dropped(results: ResultStore) -> None:
    results.put("patterns", "k", {"labels": np.arange(100)}, {"n": 1}, {})
    array = next(results.path.rglob("*.npy"))
    array.write_bytes(array.read_bytes()[:-8])

    with pytest.raises(CaseError, match=r"labels-.*\.npy is damaged"):
        results.get("patterns", "k")
    assert results.verify() == [array.relative_to(results.path).as_posix()]
    fields = next(results.path.rglob("result.json"))
    fields.write_text(fields.read_text().replace('"n": 1', '"n": 2'))
    with pytest.raises(CaseError, match=r"result\.json is damaged .*: delete its folder and compute the result again"):
        results.get("patterns", "k")
    assert results.verify() == ["patterns/k/result.json"]

    results.drop("patterns", "k")
    results.drop("patterns", "never there")

    assert results.get("patterns", "k") is None
    assert results.verify() == []
