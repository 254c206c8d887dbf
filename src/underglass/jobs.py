"""How does long work run: one after the other, with progress, cancelling, and a failure that can be read?

The same in the server and in a notebook. The function that does the work is given a progress callback and calls it often;
a cancelled job ends at its next call, with `JobCancelled`.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
import traceback
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from underglass.errors import JobCancelled, UnderglassError, unknown
from underglass.roles import require
from underglass.wire import Job as JobInfo
from underglass.wire import JobState

Progress = Callable[[int, int, str], None]
Work = Callable[[Progress], Any]
Listener = Callable[["Job"], None]

KEPT = 100
"""Ended jobs that are remembered."""
SAID_EVERY = 0.1
"""Seconds; between two calls of the listeners while nothing but the count moves."""
ENDED: tuple[JobState, ...] = ("done", "failed", "cancelled")


@dataclass(eq=False)
class Job:
    """One piece of long work.

    Parameters
    ----------
    id
        Its name in addresses.
    kind
        What sort of work, such as ``"patterns"``.
    title
        For people: "patterns of conv2".
    key
        Jobs of one key do the same work; only one of them waits or runs.
    state
        queued, running, done, failed or cancelled.
    done, total
        How far, in whatever the stage counts; a total of 0 says that nobody knows.
    stage
        What is being done, for people.
    started
        ISO, UTC; None while it waits.
    error
        What went wrong, for people.
    details
        Where it went wrong, if nobody foresaw it.
    result
        What the function returned.
    """

    id: str
    kind: str
    title: str
    key: str | None = None
    state: JobState = "queued"
    done: int = 0
    total: int = 0
    stage: str = ""
    started: str | None = None
    error: str | None = None
    details: str | None = None
    result: Any = None
    _work: Work | None = field(default=None, repr=False)
    _cancel: threading.Event = field(default_factory=threading.Event, repr=False)
    _ended: threading.Event = field(default_factory=threading.Event, repr=False)
    _stage_began: tuple[str, int, float] = field(default=("", 0, 0.0), repr=False)
    _said: float = field(default=0.0, repr=False)

    @property
    def ended(self) -> bool:
        """Whether it is done, failed or cancelled."""
        return self.state in ENDED

    @property
    def seconds_left(self) -> float | None:
        """How long it still takes if it goes on as in this stage; None if nobody knows."""
        (_, first, began), done, total = self._stage_began, self.done, self.total  # once: another thread moves them on
        if self.state != "running" or done <= first or total <= 0:
            return None
        return max(0.0, (time.monotonic() - began) / (done - first) * (total - done))

    def wait(self, timeout: float | None = None) -> Job:
        """Wait until it has ended, at most `timeout` seconds."""
        self._ended.wait(timeout)
        return self

    def info(self) -> JobInfo:
        """The job as hosts send it; a result that is no plain JSON stays here."""
        return JobInfo(
            id=self.id,
            kind=self.kind,
            title=self.title,
            state=self.state,
            done=self.done,
            total=self.total,
            stage=self.stage,
            seconds_left=self.seconds_left,
            error=self.error,
            details=self.details,
            result=_plain(self.result),
        )


class Jobs:
    """The queue of long work.

    Parameters
    ----------
    workers
        How many jobs run at once.

    Examples
    --------
    >>> jobs = Jobs()
    >>> jobs.submit("sum", "a sum", lambda progress: 1 + 1).wait().result
    2
    >>> jobs.close()
    """

    def __init__(self, *, workers: int = 1) -> None:
        self._workers = workers
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._waiting: deque[Job] = deque()
        self._listeners: list[Listener] = []
        self._condition = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._numbers = itertools.count(1)
        self._closed = False

    def submit(self, kind: str, title: str, work: Work, *, key: str | None = None) -> Job:
        """Queue work.

        Parameters
        ----------
        kind
            What sort of work.
        title
            For people.
        work
            Called with a progress callback ``(done, total, stage)`` in a thread of ours; what it returns is the result.
        key
            If a job of this key waits or runs, that one is returned and nothing is queued.

        Returns
        -------
        The job, at once.

        Raises
        ------
        RoleError
            If who acts is not the owner.
        """
        require("owner", f"start “{title}”")
        with self._condition:
            if self._closed:
                raise JobCancelled(f"{title} cannot begin: the case is closed")
            for other in self._jobs.values():
                if key is not None and other.key == key and not other.ended:
                    return other
            job = Job(str(next(self._numbers)), kind, title, key, _work=work)
            self._jobs[job.id] = job
            self._forget()
        self._say(job)
        with self._condition:
            self._waiting.append(job)
            if len(self._threads) < self._workers:
                self._threads.append(threading.Thread(target=self._run, name="underglass jobs", daemon=True))
                self._threads[-1].start()
            self._condition.notify()
        return job

    def __getitem__(self, job_id: str) -> Job:
        with self._condition:
            if job_id not in self._jobs:
                raise UnderglassError(unknown("job", job_id, self._jobs))
            return self._jobs[job_id]

    def all(self) -> list[Job]:
        """Jobs that wait or run and those that ended last, the oldest first."""
        with self._condition:
            return list(self._jobs.values())

    def cancel(self, job_id: str) -> Job:
        """Cancel a job: one that waits never begins, one that runs ends at its next word of progress. For the owner."""
        require("owner", "stop its jobs")
        job = self[job_id]
        with self._condition:
            job._cancel.set()
            waiting = job in self._waiting
            if waiting:
                self._waiting.remove(job)
        if waiting:
            self._end(job, "cancelled")
        return job

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with a job whenever it moves, from any thread; returns how to stop."""
        with self._condition:
            self._listeners.append(listener)

        def stop() -> None:
            with self._condition:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return stop

    def close(self, timeout: float = 5.0) -> None:
        """Cancel everything and end the threads, waiting at most `timeout` seconds for each."""
        with self._condition:
            self._closed = True
            running = [job for job in self._jobs.values() if not job.ended]
            self._condition.notify_all()
        for job in running:
            self.cancel(job.id)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout)

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._waiting and not self._closed:
                    self._condition.wait()
                if not self._waiting:
                    return
                job = self._waiting.popleft()
                wanted = not job._cancel.is_set()
                if wanted:
                    job.state, job.started = "running", datetime.now(UTC).isoformat(timespec="seconds")
            if wanted:
                self._do(job)
            else:
                self._end(job, "cancelled")

    def _do(self, job: Job) -> None:
        self._say(job)
        assert job._work is not None
        try:
            job.result = job._work(lambda done, total, stage: self._progress(job, done, total, stage))
        except JobCancelled:
            self._end(job, "cancelled")
        except UnderglassError as error:
            job.error = str(error)
            self._end(job, "failed")
        except Exception as error:  # noqa: BLE001 - whatever a job meets is said in its state, and the next job runs
            job.error = f"{job.title} failed: {_short(error)}"
            job.details = _where(error)
            self._end(job, "failed")
        else:
            self._end(job, "done")

    def _progress(self, job: Job, done: int, total: int, stage: str) -> None:
        if job._cancel.is_set():
            raise JobCancelled(f"{job.title} was cancelled")
        now = time.monotonic()
        new_stage = stage != job.stage or done < job.done
        job.done, job.total, job.stage = int(done), int(total), stage
        if new_stage or not job._stage_began[2]:
            job._stage_began = (stage, job.done, now)
        if new_stage or now - job._said >= SAID_EVERY or done == total:
            job._said = now
            self._say(job)

    def _end(self, job: Job, state: JobState) -> None:
        with self._condition:
            job.state, job._work = state, None
        job._ended.set()
        self._say(job)

    def _say(self, job: Job) -> None:
        with self._condition:
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener(job)
            except Exception:  # noqa: BLE001 - a listener that fails is told of, and neither the job nor the next one suffers
                traceback.print_exc()

    def _forget(self) -> None:
        ended = [job.id for job in self._jobs.values() if job.ended]
        for job_id in ended[: max(0, len(ended) - KEPT)]:
            del self._jobs[job_id]


def _plain(result: Any) -> Any:
    try:
        json.dumps(result, allow_nan=False)
    except (TypeError, ValueError):
        return None
    return result


def _short(error: Exception) -> str:
    text = str(error).strip().split("\n", 1)[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _where(error: Exception) -> str:
    """The last places an unforeseen error passed, without paths of this machine."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    places = " ← ".join(f"{frame.name} ({Path(frame.filename).name}, line {frame.lineno})" for frame in reversed(frames))
    return f"{_short(error)} in {places}"
