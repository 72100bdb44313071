"""The plan is a value: for any two folder states, carrying it out makes the collection equal to the second."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.plan import Known, make_plan
from schemas import ExcludedFile, FoundFile
from schemas.media import UnreadableFile
from schemas.payload import State


def found(path: str, content: str = "a", mtime_ns: int = 1) -> FoundFile:
    return FoundFile(path, len(content), mtime_ns)


def known(path: str, content: str = "a", mtime_ns: int = 1, **changes: object) -> Known:
    return replace(Known(path, State.INDEXED, len(content), mtime_ns, hash=f"#{content}"), **changes)


def test_equal_size_and_time_is_unchanged_and_never_hashed() -> None:
    def content_hash(file: FoundFile) -> str:
        pytest.fail(f"{file.path} was read")

    plan = make_plan([found("a"), found("b")], {"a": known("a"), "b": known("b")}, content_hash)

    assert plan.unchanged == 2
    assert not plan.index
    assert not plan.delete


def test_first_run_hashes_only_files_that_share_their_size() -> None:
    hashed = []

    def content_hash(file: FoundFile) -> str:
        hashed.append(file.path)
        return file.path

    make_plan([found("a", "1"), found("b", "22"), found("c", "33")], {}, content_hash)

    assert hashed == ["b", "c"]


def test_edit_that_keeps_the_time_but_changes_the_size_is_seen() -> None:
    plan = make_plan([found("a", "longer")], {"a": known("a", "old")}, lambda _: "#longer")

    assert [work.found.path for work in plan.index] == ["a"]


def test_touched_file_is_not_encoded() -> None:
    plan = make_plan([found("a", mtime_ns=2)], {"a": known("a")}, lambda _: "#a")

    assert [work.found.path for work in plan.touch] == ["a"]
    assert not plan.index


def test_rename_carries_over_and_leaves_no_ghost() -> None:
    plan = make_plan([found("new")], {"old": known("old")}, lambda _: "#a")

    [carry] = plan.carry
    assert (carry.found.path, carry.origin.path, carry.move) == ("new", "old", True)
    assert not plan.delete
    assert not plan.index


def test_copy_carries_over_and_keeps_the_origin() -> None:
    plan = make_plan([found("a"), found("b")], {"a": known("a")}, lambda _: "#a")

    [carry] = plan.carry
    assert (carry.origin.path, carry.move) == ("a", False)
    assert plan.unchanged == 1


def test_twins_of_one_run_are_encoded_once() -> None:
    plan = make_plan([found("a"), found("b")], {}, lambda _: "#a")

    assert [work.found.path for work in plan.index] == ["a"]
    assert [(carry.found.path, carry.twin) for carry in plan.carry] == [("b", True)]


def test_changed_sidecar_is_work_although_the_file_is_the_same() -> None:
    file = FoundFile("a", 1, 1, ("a.txt",), "stamp")

    plan = make_plan([file], {"a": known("a")}, lambda _: "#a")

    assert [work.found.path for work in plan.index] == ["a"]


def test_quarantined_file_is_left_alone_until_it_changes_or_is_asked_for() -> None:
    bad = known("a", state=State.QUARANTINED, reason="broken")

    left = make_plan([found("a")], {"a": bad}, lambda _: "#a")
    changed = make_plan([found("a", mtime_ns=2)], {"a": bad}, lambda _: "#a")
    retried = make_plan([found("a")], {"a": bad}, lambda _: "#a", retry=True)

    assert [item.path for item in left.quarantined] == ["a"]
    assert [work.found.path for work in changed.index] == ["a"]
    assert [work.found.path for work in retried.index] == ["a"]


def test_file_that_a_new_rule_excludes_leaves_the_collection() -> None:
    plan = make_plan([ExcludedFile("a", "hidden")], {"a": known("a")}, lambda _: "#a")

    assert [item.path for item in plan.delete] == ["a"]
    assert plan.found == 1


def test_what_lies_in_a_folder_that_cannot_be_looked_into_is_not_deleted() -> None:
    plan = make_plan([UnreadableFile("sub/", "denied")], {"sub/a": known("sub/a")}, lambda _: "#a")

    assert not plan.delete
    assert len(plan.unreadable) == 1


paths = st.sampled_from(["a", "b", "c", "d/a", "d/b"])
contents = st.sampled_from(["", "x", "y", "xx", "yy", "zzz"])
states = st.dictionaries(paths, st.tuples(contents, st.integers(0, 1)))


@given(before=states, after=states)
def test_carrying_out_the_plan_makes_the_collection_equal_to_the_folder(
    before: dict[str, tuple[str, int]], after: dict[str, tuple[str, int]]
) -> None:
    # A file that changes its content keeping size and time cannot be told from one that does not: leave those out.
    after = {
        path: (text, time)
        for path, (text, time) in after.items()
        if path not in before
        or before[path] == (text, time)
        or (len(before[path][0]), before[path][1]) != (len(text), time)
    }
    items = {path: known(path, text, time) for path, (text, time) in before.items()}
    collection = {path: text for path, (text, _) in before.items()}
    encoded: list[str] = []

    plan = make_plan(
        [found(path, text, time) for path, (text, time) in sorted(after.items())],
        items,
        lambda file: f"#{after[file.path][0]}",
    )

    snapshot = dict(collection)
    for carry in plan.carry:
        if not carry.twin:
            assert f"#{snapshot[carry.origin.path]}" == carry.origin.hash
            collection[carry.found.path] = snapshot[carry.origin.path]
    for work in plan.index:
        encoded.append(after[work.found.path][0])
        collection[work.found.path] = after[work.found.path][0]
    for carry in plan.carry:
        if carry.twin:
            collection[carry.found.path] = collection[carry.origin.path]
    for item in (*plan.delete, *plan.moved):
        del collection[item.path]
    assert collection == {path: text for path, (text, _) in after.items()}
    assert plan.found == len(after)
    assert len(encoded) == len(set(encoded))
    assert not set(encoded) & {text for text, _ in before.values()}
