"""Does the journal say what holds now, and do undo and redo return exactly to where one was?

The oracle keeps plain dictionaries of every cell and a full copy of them before every edit.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from store.building import CLASSES, INSTANCES, STEADY
from underglass.errors import CaseError, EditError
from underglass.store import UNCHANGED, Journal, Overlay

SOURCE = np.arange(INSTANCES, dtype=np.int32) % 3
AUTHORS = ("ann", "bob")


def open_journal(path: Path, **more: Any) -> Journal:
    settings: dict[str, Any] = {"instances": INSTANCES, "data_fingerprint": "data", "classes": CLASSES}
    return Journal(path, source_labels=lambda: SOURCE, author="ann", **(settings | more))


def seen(overlay: Overlay) -> dict[str, Any]:
    """An overlay as plain values."""
    return {
        "label": {int(row): int(overlay.labels[row]) for row in np.flatnonzero(overlay.labels != UNCHANGED)},
        "confirmed": set(np.flatnonzero(overlay.confirmed).tolist()),
        "excluded": set(np.flatnonzero(overlay.excluded).tolist()),
        "flag": set(np.flatnonzero(overlay.flagged).tolist()),
        "hide": set(np.flatnonzero(overlay.hidden).tolist()),
        "tags": {name: set(rows.tolist()) for name, rows in overlay.tags.items()},
        "notes": dict(overlay.notes),
        "flags": {kind: set(ids) for kind, ids in overlay.flags.items()},
        "hides": {kind: set(ids) for kind, ids in overlay.hides.items()},
        "subsets": {
            name: (one.kind, one.filter, None if one.rows is None else tuple(one.rows.tolist()))
            for name, one in overlay.subsets.items()
        },
    }


NOTHING: dict[str, Any] = {name: {} for name in ("label", "tags", "notes", "flags", "hides", "subsets")} | {
    name: set() for name in ("confirmed", "excluded", "flag", "hide")
}


def applied(state: dict[str, Any], op: str, rows: list[int] | None, new: Any) -> dict[str, Any]:
    """The oracle: the state after an operation, cell by cell."""
    state = copy.deepcopy(state)
    if op in ("subset", "drop_subset"):
        state["subsets"].pop(new["name"], None)
        if op == "subset":
            state["subsets"][new["name"]] = (new["kind"], new["filter"], None if rows is None else tuple(sorted(set(rows))))
        return state
    if rows is None:
        held = state[op + "s"].setdefault(new["kind"], set())
        for one in new["ids"]:
            (held.add if new["on"] else held.discard)(one)
        state[op + "s"] = {kind: ids for kind, ids in state[op + "s"].items() if ids}
        return state
    for i, row in enumerate(rows):
        if op == "label":
            value = new[i] if isinstance(new, list) else new
            state["label"][row] = -1 if value is None else value
        elif op == "note":
            state["notes"].pop(row, None)
            if new:
                state["notes"][row] = new
        elif op in ("tag", "untag"):
            held = state["tags"].setdefault(new, set())
            (held.add if op == "tag" else held.discard)(row)
        else:
            field, on = {"exclude": ("excluded", True), "include": ("excluded", False), "confirm": ("confirmed", new)}.get(
                op, (op, new)
            )
            (state[field].add if on else state[field].discard)(row)
    state["tags"] = {name: held for name, held in state["tags"].items() if held}
    return state


ROWS = st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True)  # few, so that edits meet
CODE = st.none() | st.integers(0, 2)
KINDS = [
    st.tuples(st.just("label"), ROWS, CODE),
    ROWS.flatmap(lambda rows: st.tuples(st.just("label"), st.just(rows), st.lists(CODE, min_size=len(rows), max_size=len(rows)))),
    st.tuples(st.sampled_from(["confirm", "flag", "hide"]), ROWS, st.booleans()),
    st.tuples(st.sampled_from(["tag", "untag"]), ROWS, st.sampled_from(["odd", "ö"])),
    st.tuples(st.just("note"), ROWS, st.none() | st.text(max_size=4)),
    st.tuples(st.sampled_from(["exclude", "include"]), ROWS, st.none()),
    st.tuples(
        st.sampled_from(["flag", "hide"]),
        st.none(),
        st.fixed_dictionaries(
            {
                "kind": st.sampled_from(["unit", "label"]),
                "ids": st.lists(st.sampled_from("xyz"), min_size=1, unique=True),
                "on": st.booleans(),
            }
        ),
    ),
    st.tuples(
        st.just("subset"), ROWS, st.builds(lambda name: {"name": name, "kind": "frozen", "filter": None}, st.sampled_from("st"))
    ),
    st.tuples(
        st.just("subset"),
        st.none(),
        st.builds(lambda name: {"name": name, "kind": "live", "filter": {"op": "truth"}}, st.sampled_from("st")),
    ),
    st.tuples(st.just("drop_subset"), st.none(), st.builds(lambda name: {"name": name}, st.sampled_from("st"))),
]
OPERATIONS = st.one_of(KINDS)


def steps_of(kinds: list) -> st.SearchStrategy:
    """Steps of two people who edit the same few things."""
    step = st.sampled_from(["undo", "redo", "edit", "edit"]).flatmap(
        lambda one: st.one_of(kinds) if one == "edit" else st.just(one)
    )
    return st.lists(st.tuples(st.sampled_from(AUTHORS), step), min_size=4, max_size=25)


STEPS = st.lists(st.sampled_from(KINDS), min_size=1, max_size=2).flatmap(steps_of)


def cells(op: str, rows: list[int] | None, new: Any) -> set[tuple[Any, ...]]:
    """The cells that an operation is about."""
    if "subset" in op:
        return {("subset", new["name"])}
    if rows is None:
        return {(op, new["kind"], one) for one in new["ids"]}
    field = {"untag": "tag", "include": "exclude"}.get(op, op)
    return {(field, new if field == "tag" else "", row) for row in rows}


def values_of(state: dict[str, Any], about: set[tuple[Any, ...]]) -> dict[str, Any]:
    """A state without all but the cells that an operation is about."""
    kept = copy.deepcopy(NOTHING)
    for field, key, *rest in ((*one, None) if len(one) == 2 else one for one in about):
        if field == "subset" and key in state["subsets"]:
            kept["subsets"][key] = state["subsets"][key]
        elif field == "tag" and rest[0] in state["tags"].get(key, ()):
            kept["tags"].setdefault(key, set()).add(rest[0])
        elif field in ("flag", "hide") and key and rest[0] in state[field + "s"].get(key, ()):
            kept[field + "s"].setdefault(key, set()).add(rest[0])
        elif field in ("label", "note"):
            name = "notes" if field == "note" else "label"
            if rest[0] in state[name]:
                kept[name][rest[0]] = state[name][rest[0]]
        elif field in ("confirm", "exclude", "flag", "hide") and not key:
            name = {"confirm": "confirmed", "exclude": "excluded"}.get(field, field)
            if rest[0] in state[name]:
                kept[name].add(rest[0])
    return kept


@settings(STEADY, max_examples=60)
@given(STEPS)
def test_any_edits_undos_and_redos_agree_with_the_oracle(tmp_path_factory: pytest.TempPathFactory, steps: list) -> None:
    path = tmp_path_factory.mktemp("journal") / "edits.sqlite"
    state = copy.deepcopy(NOTHING)
    done: dict[str, list[Any]] = {author: [] for author in AUTHORS}
    undone: dict[str, list[Any]] = {author: [] for author in AUTHORS}
    clock = 0
    touched: list[tuple[int, str, set, Any]] = []  # time, author, cells, the edit: what stands or went back
    with open_journal(path) as journal, open_journal(path) as watcher:
        for author, step in steps:
            clock += 1
            if step in ("undo", "redo"):
                stack = done[author] if step == "undo" else undone[author]
                if not stack:
                    assert getattr(journal, step)(author) is None
                    continue
                edit = stack[-1]
                since = edit["time"] if step == "undo" else edit["undone"]
                others = [one for one in touched if one[0] > since and one[1] != author and one[2] & edit["cells"]]
                if step == "undo":
                    others = [one for one in others if one[3]["stands"] and one[3]["time"] > since]
                if others:
                    event(f"refused {step}")
                    with pytest.raises(EditError, match=f"cannot {step} “.*”: {others[0][1]} has since "):
                        getattr(journal, step)(author)
                    assert seen(journal.state()) == state
                    continue
                assert getattr(journal, step)(author) is not None
                stack.pop()
                if step == "undo":
                    state = merged(state, edit["before"], edit["cells"])
                    edit |= {"stands": False, "undone": clock}
                    undone[author].append(edit)
                else:
                    state = applied(state, *edit["step"])
                    edit["stands"] = True
                    done[author].append(edit)
                touched.append((clock, author, edit["cells"], edit))
            else:
                if step[0] == "drop_subset" and step[2]["name"] not in state["subsets"]:
                    with pytest.raises(EditError, match="no subset named"):
                        journal.append(step[0], new=step[2], author=author)
                    continue
                journal.append(step[0], rows=step[1], new=step[2], author=author)
                edit = {
                    "time": clock,
                    "cells": cells(*step),
                    "before": values_of(state, cells(*step)),
                    "step": step,
                    "stands": True,
                }
                state = applied(state, *step)
                done[author].append(edit)
                undone[author].clear()
                touched.append((clock, author, edit["cells"], edit))
            assert seen(journal.state()) == state
            assert journal.can_undo(author) == bool(done[author])
            assert journal.can_redo(author) == bool(undone[author])
        assert seen(watcher.state()) == state
        assert journal.verify() is None
    with open_journal(path) as again:
        assert seen(again.state()) == state


def merged(state: dict[str, Any], before: dict[str, Any], about: set[tuple[Any, ...]]) -> dict[str, Any]:
    """A state in which some cells are as they were before."""
    mine = values_of(state, about)
    state = copy.deepcopy(state)
    for name in ("label", "notes", "subsets"):
        state[name] = {key: value for key, value in state[name].items() if key not in mine[name]} | before[name]
    for name in ("confirmed", "excluded", "flag", "hide"):
        state[name] = (state[name] - mine[name]) | before[name]
    for name in ("tags", "flags", "hides"):
        keys = state[name].keys() | before[name].keys()
        sets = {key: (state[name].get(key, set()) - mine[name].get(key, set())) | before[name].get(key, set()) for key in keys}
        state[name] = {key: held for key, held in sets.items() if held}
    return state


@settings(STEADY, max_examples=25)
@given(st.lists(OPERATIONS, min_size=1, max_size=25))
def test_undoing_everything_returns_exactly_to_the_start_and_redoing_to_the_end(
    tmp_path_factory: pytest.TempPathFactory, steps: list
) -> None:
    with open_journal(tmp_path_factory.mktemp("journal") / "edits.sqlite") as journal:
        states = [seen(journal.state())]
        for op, rows, new in steps:
            try:
                journal.append(op, rows=rows, new=new)
            except EditError:
                continue
            states.append(seen(journal.state()))

        for expected in reversed(states[:-1]):
            assert journal.undo() is not None
            assert seen(journal.state()) == expected
        assert journal.undo() is None
        assert states[0] == NOTHING
        for expected in states[1:]:
            assert journal.redo() is not None
            assert seen(journal.state()) == expected
        assert journal.redo() is None
        assert journal.verify() is None


def test_one_row_stands_for_a_hundred_thousand_instances(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).permutation(1_000_000)[:100_000]
    source = np.random.default_rng(1).integers(0, 3, 1_000_000).astype(np.int32)
    with Journal(
        tmp_path / "edits.sqlite", instances=1_000_000, data_fingerprint="data", classes=CLASSES, source_labels=lambda: source
    ) as journal:
        edit = journal.append("label", rows=rows, new=2)

        assert (journal.sequence, edit.count) == (1, 100_000)
        np.testing.assert_array_equal(edit.rows, np.sort(rows))
        np.testing.assert_array_equal(edit.old, source[np.sort(rows)])
        assert int((journal.state().label_codes(source) == 2).sum()) == int((source == 2).sum() + (source[rows] != 2).sum())
        journal.undo()
        np.testing.assert_array_equal(journal.state().label_codes(source), source)
    assert (tmp_path / "edits.sqlite").stat().st_size < 400_000


def test_an_edit_says_who_when_what_and_what_was_before(journal: Journal) -> None:
    first = journal.append("label", rows=[4, 2], new=1, author="bob")
    second = journal.append("label", rows=[2, 7], new=[2, None], author="bob")

    assert (first.sequence, first.author, first.op, first.field, first.new) == (1, "bob", "label", "label", 1)
    assert first.time.endswith("+00:00")
    assert (first.rows.tolist(), first.old.tolist()) == ([2, 4], [0, 0])
    assert (second.rows.tolist(), second.new.tolist(), second.old.tolist()) == ([2, 7], [2, -1], [1, 0])
    undone = journal.undo("bob")
    assert undone is not None
    assert (undone.op, undone.undoes, undone.sequence) == ("undo", 2, 3)
    assert (undone.rows.tolist(), undone.new.tolist(), undone.old.tolist()) == ([2, 7], [1, 0], [2, -1])
    redone = journal.redo("bob")
    assert redone is not None
    assert (redone.op, redone.undoes, redone.new.tolist()) == ("redo", 3, [2, -1])
    assert [edit.sequence for edit in journal.edits(since=1)] == [2, 3, 4]
    assert journal.edits()[0] == first


@pytest.mark.parametrize(
    ("op", "rows", "new", "text"),
    [
        ("label", [1], 1, "labelled 1 instance 'Coat'"),
        ("label", [1, 2], None, "took the label off 2 instances"),
        ("label", [1, 2], [0, 1], "labelled 2 instances one by one"),
        ("confirm", [1, 2], None, "confirmed the label of 2 instances"),
        ("confirm", [1], False, "took back the confirmation of 1 instance"),
        ("tag", range(37), "odd", "tagged 37 instances 'odd'"),
        ("untag", [1], "odd", "untagged 1 instance 'odd'"),
        ("note", [1], "x" * 80, "noted on 1 instance: " + "x" * 57 + "…"),
        ("note", [1], "", "took the note off 1 instance"),
        ("exclude", [1], None, "excluded 1 instance"),
        ("include", [1], None, "included again 1 instance"),
        ("flag", [1], None, "flagged 1 instance"),
        ("hide", None, {"kind": "label", "ids": ["a", "b"]}, "hid 2 labels"),
        ("hide", None, {"kind": "label", "ids": ["a"], "on": False}, "showed again 1 label"),
        ("subset", [1, 2], {"name": "s", "kind": "frozen"}, "defined the subset 's' of 2 instances"),
        ("subset", None, {"name": "s", "kind": "live", "filter": {"op": "truth"}}, "defined the subset 's'"),
    ],
)
def test_an_edit_is_said_in_words(journal: Journal, op: str, rows: Any, new: Any, text: str) -> None:
    assert journal.append(op, rows=rows, new=new).summary() == text
    assert journal.undo().summary() == f"undid: {text}"
    assert journal.redo().summary() == f"redid: {text}"
    assert [edit.summary() for edit in journal.edits()] == [text, f"undid: {text}", f"redid: {text}"]


def test_undo_over_a_later_edit_by_somebody_else_is_refused_and_says_whose(journal: Journal) -> None:
    journal.append("label", rows=[1, 2, 3], new=1, author="ann")
    journal.append("label", rows=[3, 4], new=2, author="bob")

    message = "cannot undo “labelled 3 instances 'Coat'”: bob has since labelled 2 instances 'Bag', which is about 1 of the same"
    with pytest.raises(EditError, match=message):
        journal.undo("ann")

    assert journal.sequence == 2
    journal.undo("bob")
    journal.undo("ann")
    assert seen(journal.state()) == NOTHING


def test_undo_is_not_hindered_by_other_rows_or_fields(journal: Journal) -> None:
    journal.append("label", rows=[1, 2, 3], new=1, author="ann")
    journal.append("label", rows=[0, 4], new=2, author="bob")
    journal.append("note", rows=[1], new="hm", author="bob")
    journal.append("tag", rows=[1], new="odd", author="bob")

    assert journal.undo("ann") is not None
    assert journal.state().labels[[0, 1, 4]].tolist() == [2, UNCHANGED, 2]


def test_undo_of_an_exclusion_is_refused_after_another_included_again(journal: Journal) -> None:
    journal.append("exclude", rows=[1, 2], author="ann")
    journal.append("include", rows=[2], author="bob")

    with pytest.raises(EditError, match="bob has since included again 1 instance"):
        journal.undo("ann")


def test_redo_over_what_somebody_else_did_meanwhile_is_refused(journal: Journal) -> None:
    journal.append("note", rows=[1], new="mine", author="ann")
    journal.undo("ann")
    journal.append("note", rows=[1], new="theirs", author="bob")

    with pytest.raises(EditError, match="cannot redo “noted on 1 instance: mine”: bob has since noted on 1 instance: theirs"):
        journal.redo("ann")


def test_redo_after_somebody_else_took_back_what_lay_under_it_is_refused(journal: Journal) -> None:
    journal.append("label", rows=[1], new=1, author="bob")
    journal.append("label", rows=[1], new=2, author="ann")
    journal.undo("ann")
    journal.undo("bob")

    with pytest.raises(
        EditError, match="cannot redo “labelled 1 instance 'Bag'”: bob has since taken back: labelled 1 instance 'Coat'"
    ):
        journal.redo("ann")
    assert seen(journal.state()) == NOTHING


def test_undo_that_would_leave_a_subset_without_its_base_is_refused(journal: Journal) -> None:
    journal.append("subset", rows=[1], new={"name": "a", "kind": "frozen"}, author="ann")
    journal.append("subset", new={"name": "b", "kind": "live", "filter": {"op": "subset", "name": "a"}}, author="bob")

    with pytest.raises(EditError, match="the subset 'a' is used by 'b'"):
        journal.undo("ann")
    assert list(journal.state().subsets) == ["a", "b"]


def test_a_new_edit_ends_what_could_be_redone(journal: Journal) -> None:
    journal.append("tag", rows=[1], new="a")
    journal.undo()
    journal.append("tag", rows=[2], new="b")

    assert journal.redo() is None
    assert not journal.can_redo()


def test_each_author_undoes_their_own(journal: Journal) -> None:
    journal.append("tag", rows=[1], new="a", author="ann")
    journal.append("tag", rows=[1], new="b", author="bob")

    assert journal.undo("ann").summary() == "undid: tagged 1 instance 'a'"
    assert journal.undo("ann") is None
    assert journal.undo("eve") is None
    assert list(journal.state().tags) == ["b"]


def test_an_edit_of_what_has_changed_since_it_was_seen_is_refused(journal: Journal) -> None:
    journal.append("label", rows=[1], new=2, author="bob")

    with pytest.raises(EditError, match="1 of 2 instances have changed since you looked: look again, then edit"):
        journal.append("label", rows=[1, 3], new=1, old=[0, 0], author="ann")
    journal.append("label", rows=[3, 1], new=1, old=[0, 2], author="ann")
    journal.append("tag", rows=[1, 3], new="odd", old=False, author="ann")
    with pytest.raises(EditError, match="2 of 3 instances have changed"):
        journal.append("tag", rows=[1, 2, 3], new="odd", old=False, author="ann")
    with pytest.raises(EditError, match="1 old values for 2 instances"):
        journal.append("label", rows=[1, 3], new=1, old=[1])


def test_a_transaction_is_made_as_a_whole_or_not_at_all(journal: Journal) -> None:
    def half() -> None:
        with journal.transaction() as together:
            together.append("tag", rows=[1], new="a")
            together.append("tag", rows=[1], new="b")
            together.append("tag", rows=[99], new="c")

    with pytest.raises(EditError, match="there is no instance 99"):
        half()
    assert seen(journal.state()) == NOTHING
    assert journal.sequence == 0

    with journal.transaction() as together:
        together.append("tag", rows=[1], new="a")
        together.undo()
        together.append("tag", rows=[1], new="b")
    assert list(journal.state().tags) == ["b"]
    assert journal.verify() is None


def test_an_overlay_does_not_change_after_it_was_handed_out(journal: Journal) -> None:
    journal.append("subset", rows=[1], new={"name": "a", "kind": "frozen"})
    before = journal.state()
    plain = seen(before)

    for op, new in (("label", 1), ("exclude", None), ("note", "x"), ("tag", "t"), ("flag", None), ("confirm", None)):
        journal.append(op, rows=[1, 2], new=new)
    journal.append("hide", new={"kind": "unit", "ids": ["3"]})
    journal.append("drop_subset", new={"name": "a"})

    assert seen(before) == plain
    assert seen(journal.state()) != plain
    with pytest.raises(ValueError, match="read-only"):
        before.labels[0] = 1


def test_the_same_overlay_is_handed_out_while_nothing_changes(journal: Journal) -> None:
    journal.append("exclude", rows=[1])

    assert journal.state() is journal.state()
    assert journal.state(INSTANCES).sequence == 1
    with pytest.raises(EditError, match="the case has 37 instances, not 36"):
        journal.state(36)


def test_the_history_of_one_instance(journal: Journal) -> None:
    journal.append("label", rows=[1, 5], new=1)
    journal.append("label", rows=[2], new=1)
    journal.append("tag", rows=[5], new="odd")
    journal.undo()
    journal.append("subset", rows=[5, 6], new={"name": "s", "kind": "frozen"})

    assert [edit.sequence for edit in journal.of_row(5)] == [1, 3, 4, 5]
    assert [edit.sequence for edit in journal.of_row(2)] == [2]
    assert journal.of_row(3) == []


def test_hostile_text_is_only_text(journal: Journal) -> None:
    for text in ("'; DROP TABLE edits; --", "<img src=x onerror=alert(1)>", "\0", "{new}", "\u202e"):
        journal.append("tag", rows=[1], new=text)
        journal.append("note", rows=[1], new=text, author=text + " me")

        assert text in journal.state().tags
        assert journal.state().notes[1] == text
    assert journal.verify() is None


def test_an_author_needs_a_name(journal: Journal) -> None:
    with pytest.raises(EditError, match="an author's name has 1 to 200 characters"):
        journal.append("exclude", rows=[1], author="  ")


def test_a_journal_of_other_data_is_refused(tmp_path: Path) -> None:
    open_journal(tmp_path / "edits.sqlite").close()

    for more in ({"data_fingerprint": "other"}, {"instances": 36}):
        with pytest.raises(CaseError, match=r"edits\.sqlite belongs to a case with other data"):
            open_journal(tmp_path / "edits.sqlite", **more)


def test_a_closed_journal_says_so(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "edits.sqlite")
    edit = journal.append("exclude", rows=[1])
    journal.close()

    with pytest.raises(EditError, match=r"edits\.sqlite is closed: open the case again"):
        journal.state()
    with pytest.raises(EditError, match="is closed"):
        _ = edit.rows
