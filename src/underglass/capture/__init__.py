"""Capture: a model run once over all instances, what it computed kept in the case.

* `run`: predictions and pooled activations, resumable shard by shard
* `check`: what a capture would find, from eight instances
* `verify`: whether a model is the one that was captured
* `probe_rows`: the eight instances a fingerprint is taken on
* `copy_media`: what a person is shown of the instances
* `keep_freed_memory`: faster for convolutions, only on request
* `shown`, `bar`, `silent`: ways to show progress, or not
"""

from underglass.capture.allocator import keep_freed_memory
from underglass.capture.checking import CheckReport, Example, check, duration, share, size
from underglass.capture.given_scores import read_scores
from underglass.capture.progress import Progress, bar, shown, silent
from underglass.capture.running import run
from underglass.capture.scores import keep_scores
from underglass.capture.showing import copy_media
from underglass.capture.verification import probe_rows, same_data, verify

__all__ = [
    "CheckReport",
    "Example",
    "Progress",
    "bar",
    "check",
    "copy_media",
    "duration",
    "keep_freed_memory",
    "keep_scores",
    "probe_rows",
    "read_scores",
    "run",
    "same_data",
    "share",
    "shown",
    "silent",
    "size",
    "verify",
]
