"""How is a disk filled for a test? A file system of its own in memory where the system allows that, else a limit per file.

Both are refusals by the kernel, not by a stand-in: the first says ENOSPC, the second EFBIG.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MOUNT = 'mount -t tmpfs -o size="$1" underglass-test "$2" && shift 2 && exec "$@"'


def run_on_small_disk(script: str, *, kilobytes: int) -> str:
    """What a script prints that runs on a disk of so many kilobytes; ``sys.argv[1]`` is its folder."""
    place = Path(tempfile.mkdtemp(prefix="underglass-small-disk-"))
    here = Path(__file__).parents[1]
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(here)!r})\n{script}", str(place)]
    try:
        alone = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", MOUNT, "sh", f"{kilobytes}k", str(place)]
        if shutil.which("unshare") and subprocess.run([*alone, "true"], capture_output=True, check=False).returncode == 0:
            done = subprocess.run([*alone, *command], capture_output=True, text=True, timeout=60, check=False)
        else:
            limit = 1024 * kilobytes
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
            )
        assert done.returncode == 0, done.stderr
        return done.stdout
    finally:
        shutil.rmtree(place)
