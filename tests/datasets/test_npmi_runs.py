"""Is the event layout of TensorBoard's former nPMI plug-in read from bytes written by hand, and written to the same bytes?"""

import struct

import numpy as np
import pytest

from underglass.datasets.event_records import crc32c, record
from underglass.datasets.npmi_runs import NpmiRun, csv_text, event_bytes, read_npmi, write_events
from underglass.errors import DataError

RUN = NpmiRun(
    "one",
    ("dress", "tie"),
    ("nPMI@man", "count@man", "nPMI@woman", "nPMI_diff@man|woman"),
    np.array([[-0.5, 3, 0.25, -0.75], [0.5, 40, np.nan, np.nan]]),
    np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]),
)


def by_hand():
    """A file as the plug-in wrote it, byte by byte: the version, then one summary for each tensor."""

    def length(data):
        assert len(data) < 128
        return bytes([len(data)])

    def message(tag, data):
        if len(data) < 128:
            return bytes([tag]) + length(data) + data
        return bytes([tag, len(data) & 0x7F | 0x80, len(data) >> 7]) + data

    def text(*words):
        dims = message(0x12, message(0x12, bytes([0x08, len(words)])))
        return b"\x08\x07" + dims + b"".join(message(0x42, word.encode()) for word in words)

    def floats(rows, columns, values):
        dims = message(0x12, message(0x12, bytes([0x08, rows])) + message(0x12, bytes([0x08, columns])))
        return b"\x08\x01" + dims + message(0x22, struct.pack(f"<{len(values)}f", *values))

    def event(name, tensor):
        plugin = message(0x0A, message(0x0A, b"npmi") + message(0x12, b"")) + b"\x20\x02"
        value = message(0x0A, b"_npmi_/" + name) + message(0x4A, plugin) + message(0x42, tensor)
        return record(b"\x09" + struct.pack("<d", 0.0) + message(0x2A, message(0x0A, value)))

    nan = float("nan")
    return b"".join(
        [
            record(b"\x09" + struct.pack("<d", 0.0) + message(0x1A, b"brain.Event:2")),
            event(b"annotations", text("dress", "tie")),
            event(b"metrics", text("nPMI@man", "count@man", "nPMI@woman", "nPMI_diff@man|woman")),
            event(b"values", floats(2, 4, [-0.5, 3, 0.25, -0.75, 0.5, 40, nan, nan])),
            event(b"embeddings", floats(2, 3, [0, 1, 2, 3, 4, 5])),
        ]
    )


def same(one, other):
    assert (one.labels, one.metrics) == (other.labels, other.metrics)
    np.testing.assert_array_equal(one.values, other.values)


def test_the_checksum_is_castagnolis():
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA  # RFC 3720, B.4


def test_a_file_written_by_hand_is_read(tmp_path):
    place = tmp_path / "logs" / "one"
    place.mkdir(parents=True)
    (place / "events.out.tfevents.1.host.v2").write_bytes(by_hand())
    (found,) = read_npmi(tmp_path / "logs")
    assert found.name == "one"
    same(found, RUN)
    np.testing.assert_array_equal(found.embeddings, RUN.embeddings)
    assert found.identities() == ("man", "woman")


def test_what_is_written_is_what_was_written_by_hand(tmp_path):
    assert event_bytes(RUN) == by_hand()
    write_events(RUN, tmp_path)
    same(read_npmi(tmp_path)[0], RUN)


def test_many_labels_of_any_language_come_back(tmp_path):
    names = tuple(f"étiquette {i} 🌭" for i in range(3000))
    run = NpmiRun("many", names, ("nPMI@x",), np.linspace(-1, 1, 3000).astype(np.float32).astype(float)[:, None])
    file = write_events(run, tmp_path)
    same(read_npmi(file)[0], run)


def test_the_csv_of_the_plug_in_comes_back(tmp_path):
    path = tmp_path / "report_one.csv"
    path.write_text(csv_text(RUN), encoding="utf-8")
    assert path.read_text(encoding="utf-8").splitlines()[2] == "tie,0.5,40.0,null,null"
    same(read_npmi(path)[0], RUN)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-7], "ends within a record"),
        (lambda data: data[:40] + b"\x00" + data[41:], "wrong checksum"),
        (lambda data: b"not an event file at all, but text", "no event file, or is damaged"),
        (lambda data: data[: len(record(b"\x09" + bytes(8) + b"\x1a\x0dbrain.Event:2"))], "holds no tensor of the nPMI plug-in"),
    ],
    ids=["cut", "changed", "text", "empty"],
)
def test_a_damaged_file_is_refused(tmp_path, change, message):
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(change(by_hand()))
    with pytest.raises(DataError, match=message):
        read_npmi(path)


def test_a_folder_or_csv_without_the_plug_in_is_refused(tmp_path):
    with pytest.raises(DataError, match="there is no event file"):
        read_npmi(tmp_path)
    path = tmp_path / "a.csv"
    path.write_text("label,score\na,1\n", encoding="utf-8")
    with pytest.raises(DataError, match="no metric such as nPMI@man"):
        read_npmi(path)
    path.write_text("annotation,nPMI@x\na,b\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"line 2 of a\.csv holds 'b' under 'nPMI@x'"):
        read_npmi(path)
