"""Does a capture take as much memory for many instances as for few?"""

import tracemalloc

from tests.capture.cases import folder, instances

from underglass import capture

VALUES = 2 * (128 + 8 + 3)
"""What an instance leaves: two poolings of flatten, conv and fc."""


def peak(path, model, n: int) -> float:
    """Bytes that a capture of n instances takes at its most, the data set and the case aside."""
    data = instances(n)
    case = folder(path / f"{n}.case", data)
    tracemalloc.start()
    try:
        capture.run(case, data, model, layers=["flatten", "conv", "fc"], batch_size=64, shard_size=128, progress=capture.silent)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_is_flat_as_instances_double_twice(tmp_path, model):
    peak(tmp_path, model, 256)
    few, many = peak(tmp_path, model, 512), peak(tmp_path, model, 2048)

    assert many - few < 0.25 * 1536 * VALUES * 4, "less than a quarter of what the further instances would fill if they were held"
