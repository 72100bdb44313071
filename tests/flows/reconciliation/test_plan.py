"""The plan is a value: for any two folder states, carrying it out makes the collection equal to the second."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.reconciliation.carry import in_order, to_read
from flows.reconciliation.compare import make_plan
from flows.reconciliation.plan import Carry, Known, Plan, Work
from schemas import ExcludedFile, FoundFile
from schemas.media import UnreadableFile
from schemas.payload import State


def found(path: str, content: str = "a", mtime_ns: int = 1) -> FoundFile:
    return FoundFile(path, len(content), mtime_ns)


def known(path: str, content: str = "a", mtime_ns: int = 1, **changes: Any) -> Known:
    return Known(path, State.INDEXED, len(content), mtime_ns, hash=f"#{content}")._replace(**changes)


def planned(
    files: Iterable[FoundFile | ExcludedFile | UnreadableFile],
    items: dict[str, Known],
    content_hash: Callable[[FoundFile], str],
    **options: Any,
) -> Plan:
    def digests(files: Iterable[FoundFile], count: int) -> Iterator[str]:
        hashes = [content_hash(file) for file in files]
        assert len(hashes) == count
        yield from hashes

    return make_plan(files, items, digests, **options)


def test_equal_size_and_time_is_unchanged_and_never_hashed() -> None:
    def content_hash(file: FoundFile) -> str:
        pytest.fail(f"{file.path} was read")

    plan = planned([found("a"), found("b")], {"a": known("a"), "b": known("b")}, content_hash)

    assert plan.unchanged == 2
    assert not plan.index
    assert not plan.delete


def test_first_run_hashes_only_files_that_share_their_size() -> None:
    hashed = []

    def content_hash(file: FoundFile) -> str:
        hashed.append(file.path)
        return file.path

    planned([found("a", "1"), found("b", "22"), found("c", "33")], {}, content_hash)

    assert hashed == ["b", "c"]


def test_edit_that_keeps_the_time_but_changes_the_size_is_seen() -> None:
    plan = planned([found("a", "longer")], {"a": known("a", "old")}, lambda _: "#longer")

    assert [work.found.path for work in plan.index] == ["a"]


def test_touched_file_is_not_encoded() -> None:
    plan = planned([found("a", mtime_ns=2)], {"a": known("a")}, lambda _: "#a")

    assert [work.found.path for work in plan.touch] == ["a"]
    assert not plan.index


def test_rename_carries_over_and_leaves_no_ghost() -> None:
    plan = planned([found("new")], {"old": known("old")}, lambda _: "#a")

    [carry] = plan.carry
    assert (carry.found.path, carry.origin.path, carry.move) == ("new", "old", True)
    assert not plan.delete
    assert not plan.index


def test_copy_carries_over_and_keeps_the_origin() -> None:
    plan = planned([found("a"), found("b")], {"a": known("a")}, lambda _: "#a")

    [carry] = plan.carry
    assert (carry.origin.path, carry.move) == ("a", False)
    assert plan.unchanged == 1


def test_contents_are_asked_for_by_hash_alone_where_little_of_a_source_is_looked_at() -> None:
    asked: list[set[str]] = []

    def same(hashes: Collection[str]) -> list[Known]:
        asked.append(set(hashes))
        return [known("away", "copied")]

    plan = planned(
        [found("a"), found("b", mtime_ns=2), found("new", "larger than all"), found("copy", "copied")],
        {"a": known("a"), "b": known("b")},
        lambda file: {"b": "#a", "new": "#new", "copy": "#copied"}[file.path],
        same=same,
        elsewhere=lambda sizes: pytest.fail("sizes are not asked for"),
    )

    assert asked == [{"#new", "#copied"}]
    assert [(carry.found.path, carry.origin.path) for carry in plan.carry] == [("copy", "away")]
    assert [(work.found.path, work.hash) for work in plan.index] == [("new", "#new")]
    assert [work.found.path for work in plan.touch] == ["b"]


def test_twins_of_one_run_are_encoded_once() -> None:
    plan = planned([found("a"), found("b")], {}, lambda _: "#a")

    assert [work.found.path for work in plan.index] == ["a"]
    assert [(carry.found.path, carry.twin) for carry in plan.carry] == [("b", True)]


def test_changed_sidecar_is_work_although_the_file_is_the_same() -> None:
    file = FoundFile("a", 1, 1, ("a.txt",), "stamp")

    plan = planned([file], {"a": known("a")}, lambda _: "#a")

    assert [work.found.path for work in plan.reread] == ["a"]


def test_quarantined_file_is_left_alone_until_it_changes_or_is_asked_for() -> None:
    bad = known("a", state=State.QUARANTINED, reason="broken")

    left = planned([found("a")], {"a": bad}, lambda _: "#a")
    changed = planned([found("a", mtime_ns=2)], {"a": bad}, lambda _: "#a")
    retried = planned([found("a")], {"a": bad}, lambda _: "#a", retry=[State.QUARANTINED])

    assert [item.path for item in left.quarantined] == ["a"]
    assert [work.found.path for work in changed.index] == ["a"]
    assert [work.found.path for work in retried.index] == ["a"]


def test_file_that_a_new_rule_excludes_leaves_the_collection() -> None:
    plan = planned([ExcludedFile("a", "hidden")], {"a": known("a")}, lambda _: "#a")

    assert [item.path for item in plan.delete] == ["a"]
    assert plan.found == 1


def test_what_lies_in_a_folder_that_cannot_be_looked_into_is_not_deleted() -> None:
    plan = planned([UnreadableFile("sub/", "denied")], {"sub/a": known("sub/a")}, lambda _: "#a")

    assert not plan.delete
    assert len(plan.unreadable) == 1


def test_changed_sidecar_alone_hashes_nothing_and_keeps_what_is_known() -> None:
    def content_hash(file: FoundFile) -> str:
        pytest.fail(f"{file.path} was read")

    plan = planned([FoundFile("a", 1, 1, ("a.txt",), "new")], {"a": known("a", sidecars="old")}, content_hash)

    [work] = plan.reread
    assert (work.hash, work.known) == ("#a", known("a", sidecars="old"))
    assert not plan.index


def test_moved_file_with_a_changed_caption_is_carried_over_and_its_words_read() -> None:
    plan = planned([FoundFile("new", 1, 1, ("new.txt",), "stamp")], {"old": known("old")}, lambda _: "#a")

    [carry] = plan.carry
    assert (carry.found.path, carry.move, carry.reread) == ("new", True, True)
    assert to_read([carry], []) == [Work(carry.found, "#a", known("new"))]


def test_two_copies_of_a_file_that_is_gone_are_one_move_and_one_copy() -> None:
    plan = planned([found("b"), found("c")], {"a": known("a")}, lambda _: "#a")

    assert [(carry.found.path, carry.move) for carry in plan.carry] == [("b", True), ("c", False)]
    assert [item.path for item in plan.moved] == ["a"]


def test_verifying_hashes_what_looks_unchanged() -> None:
    items = {"a": known("a", "x"), "b": known("b", "y"), "q": known("q", "z", state=State.QUARANTINED)}
    files = [found("a", "x"), found("b", "y"), found("q", "z")]

    plan = planned(files, items, by_path("#x", "#other", "#z"), verify=True)

    assert plan.unchanged == 1
    assert [work.found.path for work in plan.index] == ["b"]
    assert [item.path for item in plan.quarantined] == ["q"]


def by_path(a: str, b: str, q: str) -> Callable[[FoundFile], str]:
    return lambda file: {"a": a, "b": b, "q": q}[file.path]


def test_value_of_a_plan_tells_every_file_once() -> None:
    items = {
        "same": known("same", "1"),
        "edited": known("edited", "22"),
        "gone": known("gone", "55555"),
        "old": known("old", "333"),
        "bad": known("bad", "4444", state=State.QUARANTINED, reason="It is broken.", first_attempt="2025-01-01"),
    }
    files = [
        found("same", "1"),
        found("edited", "2222222"),
        found("new", "333"),
        found("bad", "4444"),
        found("fresh", "666666"),
        ExcludedFile("out", "hidden"),
    ]

    value = planned(files, items, lambda file: "#333").value()

    assert (value.add, value.change, value.delete, value.unchanged) == (["fresh"], ["edited"], ["gone"], 1)
    assert [(one.origin, one.path) for one in value.move] == [("old", "new")]
    assert [(one.path, one.reason, one.first_attempt) for one in value.quarantined] == [
        ("bad", "It is broken.", "2025-01-01")
    ]
    assert [(one.path, one.rule) for one in value.excluded] == [("out", "hidden")]
    assert value.found == len(files)
    assert not value.empty
    assert planned([found("same", "1")], {"same": known("same", "1")}, lambda _: "").value().empty


def carried(*pairs: tuple[str, str]) -> list[Carry]:
    return [Carry(found(new), known(old), move=True) for old, new in pairs]


def test_files_renamed_by_one_are_carried_from_the_last_to_the_first() -> None:
    portions = list(in_order(carried(*((str(n), str(n + 1)) for n in range(200)))))

    order = [carry.found.path for portion in portions for carry in portion]
    assert order == [str(n) for n in range(200, 0, -1)]


def test_files_that_change_places_in_a_ring_are_carried_together() -> None:
    ring = carried(*((str(n), str((n + 1) % 100)) for n in range(100)), ("7", "copy"))

    [one], *rings = in_order(ring)

    assert one.found.path == "copy"
    assert [len(portion) for portion in rings] == [100]


paths = st.sampled_from(["a", "b", "c", "d/a", "d/b"])
contents = st.sampled_from(["", "x", "y", "xx", "yy", "zzz"])
sidecars = st.sampled_from(["", "s", "t"])
states = st.dictionaries(paths, st.tuples(contents, st.integers(0, 1), sidecars))
Folder = dict[str, tuple[str, int, str]]


class Model:
    """A collection of which each item holds its content, and what its words say."""

    def __init__(self, items: dict[str, tuple[str, str]]) -> None:
        self.items = dict(items)
        self.encoded: list[str] = []

    def carry(self, carries: Sequence[Carry]) -> list[Work]:
        failed = []
        for portion in in_order(carries):
            read = [self.items.get(carry.origin.path) for carry in portion]
            for carry, item in zip(portion, read, strict=True):
                if item is not None and (f"#{item[0]}", item[1]) == (carry.origin.hash, carry.origin.sidecars):
                    self.items[carry.found.path] = item
                else:
                    failed.append(carry)
        return to_read(carries, failed)

    def index(self, work: Sequence[Work], folder: Folder) -> None:
        for one in work:
            content = folder[one.found.path][0]
            if one.known is None or self.items[one.found.path][0] != content:
                self.encoded.append(content)
            self.items[one.found.path] = content, one.found.sidecar_stamp

    def run(self, plan: Plan, folder: Folder) -> None:
        left = self.carry([carry for carry in plan.carry if not carry.twin])
        self.index([*plan.index, *plan.reread, *left], folder)
        self.index(self.carry([carry for carry in plan.carry if carry.twin]), folder)
        for item in (*plan.delete, *plan.moved):
            del self.items[item.path]


def files_of(folder: Folder) -> list[FoundFile]:
    return [FoundFile(path, len(text), time, (), stamp) for path, (text, time, stamp) in sorted(folder.items())]


@given(before=states, after=states, verify=st.booleans())
def test_carrying_out_the_plan_makes_the_collection_equal_to_the_folder(
    before: Folder, after: Folder, verify: bool
) -> None:
    if not verify:  # what changes keeping size and time cannot be told from what does not
        after = {
            path: (text, time, stamp)
            for path, (text, time, stamp) in after.items()
            if path not in before
            or before[path][0] == text
            or (len(before[path][0]), before[path][1]) != (len(text), time)
        }
    items = {path: known(path, text, time, sidecars=stamp) for path, (text, time, stamp) in before.items()}
    model = Model({path: (text, stamp) for path, (text, _, stamp) in before.items()})

    plan = planned(files_of(after), items, lambda file: f"#{after[file.path][0]}", verify=verify)
    model.run(plan, after)

    assert model.items == {path: (text, stamp) for path, (text, _, stamp) in after.items()}
    assert plan.found == plan.value().found == len(after)
    assert len(model.encoded) == len(set(model.encoded))
    assert not set(model.encoded) & {text for text, *_ in before.values()}


def test_record_without_a_hash_is_believed_when_all_is_verified() -> None:
    items = {
        "bad": known("bad", "x", state=State.QUARANTINED)._replace(hash=""),
        "out": known("out", "y", state=State.EXCLUDED, reason="no reader takes it")._replace(hash=""),
        "new": known("new", "z", state=State.QUARANTINED)._replace(hash=""),
    }
    files = [found("bad", "x"), found("out", "y"), found("new", "zz")]

    plan = planned(files, items, lambda file: f"#{file.path}", verify=True)

    assert [item.path for item in plan.quarantined] == ["bad"]
    assert [(file.path, file.rule) for file in plan.excluded] == [("out", "no reader takes it")]
    assert [work.found.path for work in plan.index] == ["new"]


def test_gone_records_of_what_was_never_searched_are_forgotten_and_not_deleted() -> None:
    items = {"item": known("item", "x"), "bad": known("bad", "yy", state=State.QUARANTINED)}

    value = planned([], items, lambda _: "").value()

    assert (value.delete, value.forget) == (["item"], ["bad"])
    assert not planned([], {"bad": items["bad"]}, lambda _: "").value().empty


def test_nothing_is_gone_where_the_root_cannot_be_looked_into() -> None:
    plan = planned(
        [UnreadableFile("/", "The folder cannot be listed.", transient=True)], {"a": known("a")}, lambda _: ""
    )

    assert plan.delete == []
    assert plan.found == 1


def test_file_that_an_enricher_has_not_looked_at_is_read_again_wherever_it_is_now() -> None:
    items = {"a": known("a", "1"), "b": known("b", "22"), "c": known("c", "333")}
    files = [found("a", "1"), found("b", "22", mtime_ns=2), found("moved", "333")]

    plan = planned(files, items, lambda file: {"b": "#22", "moved": "#333"}[file.path], unenriched=set(items))

    assert [(work.found.path, work.poor) for work in plan.reread] == [("a", True), ("b", True)]
    assert [(carry.found.path, carry.move, carry.reread) for carry in plan.carry] == [("moved", True, True)]
    assert plan.value().enrich == ["a", "b"]


def test_same_bytes_are_another_content_where_the_name_tells_the_kind_of_picture() -> None:
    plan = planned([found("photo.dng", "1")], {"photo.tif": known("photo.tif", "1")}, lambda _: "#1")

    assert [work.found.path for work in plan.index] == ["photo.dng"]
    assert plan.carry == []
