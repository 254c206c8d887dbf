"""Does one process at a time hold a lock, and is it free when that process dies?"""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest

from store.building import start
from underglass.store.locks import Busy, locked

HOLD = """
from pathlib import Path
from underglass.store.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_finds_it_busy_until_the_holder_is_killed(tmp_path: Path) -> None:
    process = start(HOLD, tmp_path / "lock")
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"

    with pytest.raises(Busy), locked(tmp_path / "lock", wait=False):
        raise AssertionError

    process.send_signal(signal.SIGKILL)
    process.communicate()
    with locked(tmp_path / "lock", wait=False):
        pass


def test_another_thread_finds_it_busy(tmp_path: Path) -> None:
    found: list[str] = []

    def attempt() -> None:
        try:
            with locked(tmp_path / "lock", wait=False):
                found.append("held")
        except Busy:
            found.append("busy")

    with locked(tmp_path / "lock"):
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()

    assert found == ["busy"]


def test_the_holder_may_enter_again(tmp_path: Path) -> None:
    with locked(tmp_path / "lock"), locked(tmp_path / "lock"), pytest.raises(Busy), locked(tmp_path / "lock", wait=False):
        raise AssertionError

    with locked(tmp_path / "lock", wait=False):
        pass


def test_waiting_gets_it_in_turn(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    script = """
from pathlib import Path
from underglass.store.locks import locked
for _ in range(50):
    with locked(Path(sys.argv[1])):
        counter = Path(sys.argv[2])
        counter.write_text(str(int(counter.read_text()) + 1))
"""

    processes = [start(script, tmp_path / "lock", counter) for _ in range(2)]
    for process in processes:
        assert process.wait(timeout=60) == 0
        process.communicate()

    assert counter.read_text() == "100"
