"""Find a Chromium for the browser tests, or install one: the system's, else apt as root, else Playwright's own.

The shell without a window is preferred: for every page a whole Chromium also draws the parts of its window, which takes six
times the processor time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

SHELL = "chromium-headless-shell"
NAMES = (SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """The path of an installed Chromium, or None where only Playwright's own can serve."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def install() -> None:
    """Install one where none is found, and the shell beside a whole one where that can be had."""
    if shutil.which(SHELL):
        return
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        print("Installing chromium with apt")
        for package in (SHELL, "chromium"):
            if _apt(package) or find():
                return
    if find():
        return
    print("Installing Playwright's own chromium")
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


def _apt(package: str) -> bool:
    quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
    subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)
    return subprocess.run(["apt-get", "install", "-y", "-qq", package], check=False, **quiet).returncode == 0 and bool(find())


if __name__ == "__main__":
    install()
