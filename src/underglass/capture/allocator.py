"""How is memory that one batch frees kept for the next one?

A layer's output is tens of megabytes, and glibc gives blocks of that size back to the system as soon as they are freed:
the next layer then waits for thousands of page faults. With higher thresholds the process keeps them. It is asked for, never
assumed, and only where the process is our own, since it changes the allocator of everything that runs in it.
"""

from __future__ import annotations

import ctypes
import sys

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
"""Numbers of glibc's ``mallopt``, from its ``malloc.h``."""
LARGEST = (1 << 31) - 1
PAD = 64 << 20


def keep_freed_memory() -> bool:
    """Raise glibc's thresholds for this process, for good.

    Returns
    -------
    Whether it had an effect: False elsewhere than on Linux with glibc.
    """
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    mallopt.argtypes, mallopt.restype = [ctypes.c_int, ctypes.c_int], ctypes.c_int
    return all(
        mallopt(name, value) == 1 for name, value in ((M_MMAP_THRESHOLD, LARGEST), (M_TRIM_THRESHOLD, LARGEST), (M_TOP_PAD, PAD))
    )
