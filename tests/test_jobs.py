"""Does long work run in turn, tell how far it is, end when it is cancelled, and fail readably?"""

from __future__ import annotations

import threading
import time

import pytest

from underglass.errors import DataError, JobCancelled, UnderglassError
from underglass.jobs import KEPT, Jobs

PATIENCE = 10


@pytest.fixture
def jobs():
    made = Jobs()
    yield made
    made.close()


class Gate:
    """Work that waits to be let through."""

    def __init__(self):
        self.began, self.go = threading.Event(), threading.Event()

    def __call__(self, progress):
        progress(0, 10, "waiting")
        self.began.set()
        assert self.go.wait(PATIENCE)
        progress(10, 10, "waiting")
        return "through"


def test_a_job_gives_its_result(jobs):
    job = jobs.submit("sum", "a sum", lambda progress: {"sum": 3}).wait(PATIENCE)

    assert (job.state, job.result, job.error) == ("done", {"sum": 3}, None)
    assert jobs.all() == [job]
    assert jobs[job.id] is job


def test_jobs_run_one_after_the_other_in_order(jobs):
    order = []
    gate = Gate()
    first = jobs.submit("a", "first", gate)
    others = [jobs.submit("a", name, lambda progress, name=name: order.append(name)) for name in ("second", "third")]
    assert gate.began.wait(PATIENCE)

    assert [first.state, *(job.state for job in others)] == ["running", "queued", "queued"]
    gate.go.set()
    for job in others:
        job.wait(PATIENCE)
    assert order == ["second", "third"]


def test_two_workers_run_two_at_once():
    jobs, gates = Jobs(workers=2), [Gate(), Gate()]
    made = [jobs.submit("a", "b", gate) for gate in gates]

    assert all(gate.began.wait(PATIENCE) for gate in gates)
    for gate in gates:
        gate.go.set()
    assert [job.wait(PATIENCE).state for job in made] == ["done", "done"]
    jobs.close()


def test_progress_is_told(jobs):
    told = []
    stop = jobs.listen(lambda job: told.append((job.state, job.done, job.total, job.stage)))

    def work(progress):
        for i in range(5):
            progress(i, 5, "reading")
        progress(0, 2, "writing")
        progress(2, 2, "writing")

    jobs.submit("a", "b", work).wait(PATIENCE)
    stop()
    jobs.submit("a", "c", work).wait(PATIENCE)

    assert told[0] == ("queued", 0, 0, "")
    assert ("running", 0, 5, "reading") in told
    assert ("running", 0, 2, "writing") in told
    assert ("running", 2, 2, "writing") in told
    assert told[-1] == ("done", 2, 2, "writing")
    assert [state for state, *_ in told].count("done") == 1


def test_a_thousand_steps_are_not_told_one_by_one(jobs):
    told = []
    jobs.listen(told.append)

    jobs.submit("a", "b", lambda progress: [progress(i, 1001, "x") for i in range(1000)] and None).wait(PATIENCE)

    assert len(told) < 100


def test_the_time_left_follows_from_the_pace(jobs, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("underglass.jobs.time.monotonic", lambda: now[0])
    left = []

    def work(progress):
        progress(0, 40, "a")
        left.append(job_of().seconds_left)
        now[0] += 5
        progress(10, 40, "a")
        left.append(job_of().seconds_left)
        now[0] += 1
        progress(0, 0, "b")
        left.append(job_of().seconds_left)

    made = threading.Event()

    def job_of():
        made.wait(PATIENCE)
        return jobs.all()[0]

    job = jobs.submit("a", "b", work)
    made.set()
    job.wait(PATIENCE)

    assert left == [None, 15.0, None]
    assert job.seconds_left is None


def test_a_job_that_begins_its_next_stage_meanwhile_can_still_be_asked(jobs, monkeypatch):
    """The worker moves on between two looks of who asks."""
    asked = []

    def work(progress):
        progress(0, 40, "a")
        progress(10, 40, "a")
        monkeypatch.setattr("underglass.jobs.time.monotonic", moving)
        asked.append(jobs.all()[0].seconds_left)
        monkeypatch.undo()

    def moving():
        jobs.all()[0].done = 0
        return clock() + 1

    clock = time.monotonic
    assert jobs.submit("a", "b", work).wait(PATIENCE).state == "done"
    assert 3 <= asked[0] < 100


def test_a_running_job_is_cancelled_at_its_next_word(jobs):
    gate = Gate()
    job = jobs.submit("a", "b", gate)
    assert gate.began.wait(PATIENCE)

    jobs.cancel(job.id)
    gate.go.set()

    assert job.wait(PATIENCE).state == "cancelled"
    assert (job.result, job.error) == (None, None)
    assert jobs.submit("a", "next", lambda progress: 1).wait(PATIENCE).result == 1


def test_a_waiting_job_that_is_cancelled_never_begins(jobs):
    gate, ran = Gate(), []
    jobs.submit("a", "b", gate)
    waiting = jobs.submit("a", "c", ran.append)

    jobs.cancel(waiting.id)

    assert waiting.wait(PATIENCE).state == "cancelled"
    gate.go.set()
    jobs.submit("a", "d", lambda progress: None).wait(PATIENCE)
    assert ran == []


def test_the_same_key_gives_the_same_job_while_it_has_not_ended(jobs):
    gate = Gate()
    first = jobs.submit("patterns", "b", gate, key="patterns/conv2")

    assert jobs.submit("patterns", "b", gate, key="patterns/conv2") is first
    assert jobs.submit("patterns", "b", lambda progress: None, key="patterns/fc") is not first
    gate.go.set()
    first.wait(PATIENCE)
    assert jobs.submit("patterns", "b", lambda progress: None, key="patterns/conv2") is not first


def test_a_mistake_of_the_user_is_its_message_alone(jobs):
    def work(progress):
        raise DataError("column 'age' holds text")

    job = jobs.submit("a", "Reading", work).wait(PATIENCE)

    assert (job.state, job.error, job.details) == ("failed", "column 'age' holds text", None)


def test_a_mistake_of_ours_says_where_without_a_traceback(jobs):
    def work(progress):
        return 1 / 0

    job = jobs.submit("a", "Finding patterns of conv2", work).wait(PATIENCE)

    assert job.error == "Finding patterns of conv2 failed: ZeroDivisionError: division by zero"
    assert job.details.startswith("ZeroDivisionError: division by zero in work (test_jobs.py, line ")
    assert "Traceback" not in job.details
    assert "\n" not in job.details
    assert "/" not in job.details
    assert jobs.submit("a", "b", lambda progress: "goes on").wait(PATIENCE).result == "goes on"


def test_a_job_is_plain_json_for_hosts(jobs):
    job = jobs.submit("a", "b", lambda progress: {"count": 3}).wait(PATIENCE)
    odd = jobs.submit("a", "c", lambda progress: object()).wait(PATIENCE)

    assert job.info() == {
        "id": job.id,
        "kind": "a",
        "title": "b",
        "state": "done",
        "done": 0,
        "total": 0,
        "stage": "",
        "seconds_left": None,
        "error": None,
        "details": None,
        "result": {"count": 3},
    }
    assert odd.info()["result"] is None


def test_an_unknown_job_is_named(jobs):
    jobs.submit("a", "b", lambda progress: None).wait(PATIENCE)

    with pytest.raises(UnderglassError, match="no job named '7'"):
        jobs.cancel("7")


def test_only_the_last_ended_jobs_are_remembered(jobs):
    made = [jobs.submit("a", str(i), lambda progress: None).wait(PATIENCE) for i in range(KEPT + 5)]

    jobs.submit("a", "last", lambda progress: None).wait(PATIENCE)

    assert len(jobs.all()) == KEPT + 1
    assert made[0] not in jobs.all()


def test_a_listener_that_fails_stops_neither_the_job_nor_the_others(jobs, capsys):
    told = []
    jobs.listen(lambda job: 1 / 0)
    jobs.listen(told.append)

    job = jobs.submit("a", "b", lambda progress: 3).wait(PATIENCE)

    assert (job.state, job.result) == ("done", 3)
    assert jobs.submit("a", "c", lambda progress: 4).wait(PATIENCE).result == 4
    assert told
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_closing_cancels_what_runs_and_waits():
    jobs, gate = Jobs(), Gate()
    running, waiting = jobs.submit("a", "b", gate), jobs.submit("a", "c", lambda progress: None)
    assert gate.began.wait(PATIENCE)
    threading.Timer(0.05, gate.go.set).start()

    jobs.close()

    assert (running.state, waiting.state) == ("cancelled", "cancelled")
    with pytest.raises(JobCancelled, match="a late one cannot begin: the case is closed"):
        jobs.submit("a", "a late one", lambda progress: None)
