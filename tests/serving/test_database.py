"""Do an answer and its version belong together, and does every query end?"""

from __future__ import annotations

import gc
import threading
import time

import psutil
import pytest

from serving.building import N, read, serve
from underglass.serving import QueryError, Stop

ENDLESS = "SELECT count(*) FROM range(100000000) a, range(100000000) b"


def test_an_answer_is_of_the_version_it_says(edited, edits):
    edits.append("label", rows=range(N), new=0)
    edited.apply()
    done = threading.Event()
    seen: dict[int, set[str]] = {}

    def ask() -> None:
        while not done.is_set():
            answer = edited.answer("SELECT DISTINCT label FROM instances")
            seen.setdefault(answer.version, set()).update(read(answer.data)["label"].to_pylist())

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    put: dict[int, str] = {}
    for turn in range(25):
        edits.append("label", rows=range(N), new=turn % 4)
        put[edited.apply()] = edited.classes[turn % 4]
    done.set()
    for asker in askers:
        asker.join()

    assert len(seen) > 3
    for version, labels in seen.items():
        assert labels == {put.get(version, "Shirt")}, version


def test_reading_goes_on_while_columns_come_and_go(edited):
    done = threading.Event()
    failures = []

    def ask() -> None:
        while not done.is_set():
            try:
                assert edited.count() == N
                assert len(edited.columns()) >= 14
            except Exception as error:  # noqa: BLE001 - told to the test below
                failures.append(error)

    asker = threading.Thread(target=ask)
    asker.start()
    for turn in range(15):
        edited.add_columns({f"pattern.layer{turn % 3}": [1.0] * N})
        edited.make_pick([turn])
        edited.drop_columns([f"pattern.layer{turn % 3}"])
    done.set()
    asker.join()

    assert failures == []


def test_a_query_that_takes_too_long_is_stopped(served):
    began = time.monotonic()

    with pytest.raises(QueryError, match=r"the query took longer than 0\.2 s and was stopped"):
        served.query(ENDLESS, timeout=0.2)

    assert time.monotonic() - began < 5
    assert served.count() == N


def test_a_query_nobody_waits_for_is_stopped(served):
    stop = Stop()
    threading.Timer(0.1, stop.set).start()
    began = time.monotonic()

    with pytest.raises(QueryError, match="the query was cancelled"):
        served.answer(ENDLESS, stop=stop)

    assert time.monotonic() - began < 5
    with pytest.raises(QueryError, match="the query was cancelled"):
        served.answer("SELECT 1", stop=stop)


def test_stopping_one_query_leaves_the_others_running(served):
    stop = Stop()
    answers = []
    other = threading.Thread(target=lambda: answers.append(served.answer("SELECT sum(range) AS s FROM range(30000000)")))
    other.start()
    threading.Timer(0.05, stop.set).start()

    with pytest.raises(QueryError):
        served.answer(ENDLESS, stop=stop)
    other.join()

    assert len(answers) == 1


def test_an_answer_has_a_most_of_rows_and_of_bytes(served):
    with pytest.raises(QueryError, match="the answer has more than 1,000 rows: count, or ask for a part"):
        served.query("SELECT * FROM range(1001)", cap=1000)
    with pytest.raises(QueryError, match="the answer is larger than 100,000 bytes"):
        served.answer("SELECT range, hash(range)::VARCHAR FROM range(100000)", most_bytes=100_000)
    assert read(served.query("SELECT * FROM range(1000)", cap=1000)).num_rows == 1000


def test_a_query_that_needs_too_much_memory_fails_alone():
    served = serve(n=20, memory_limit=96 * 2**20)

    with pytest.raises(QueryError, match="the query needs more memory than there is for it"):
        served.query("SELECT list(range ORDER BY hash(range)) FROM range(30000000)")

    assert served.count() == 20
    served.close()


def test_huge_groupings_and_bins_are_bounded(served):
    groups = read(served.query("SELECT range % 10000 AS g, count(*) AS n FROM range(100000) GROUP BY g"))
    assert groups.num_rows == 10_000
    with pytest.raises(QueryError, match="more than 1,000 rows"):
        served.query("SELECT range // 1 AS bin, count(*) FROM range(1000000) GROUP BY bin", cap=1000)


def test_a_transaction_that_fails_leaves_nothing(edited):
    before = edited.table()
    version = edited.version

    def fail() -> None:
        with edited._database.writing() as writing:
            writing.connection.execute("DELETE FROM instances")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert edited.table().equals(before)
    assert edited.version == version


def test_asking_again_and_again_keeps_memory_flat(served):
    process = psutil.Process()

    def ask() -> int:
        for turn in range(40):
            served.query(f"SELECT floor(confidence * {turn + 2}) AS b, count(*) FROM instances GROUP BY b")
        gc.collect()
        return process.memory_info().rss

    ask()
    before = ask()
    after = ask()

    assert after < before * 1.1
