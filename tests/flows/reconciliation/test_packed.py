"""Long lists in little memory: the same things in the same order."""

from __future__ import annotations

import sys

import pytest

from flows.reconciliation.packed import BLOCK, Packed
from flows.reconciliation.plan import Known, Work
from schemas import FoundFile
from schemas.payload import State


@pytest.mark.parametrize("count", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK])
def test_what_was_put_in_is_drawn_in_its_order_as_often_as_one_likes(count: int) -> None:
    packed = Packed(range(count))
    assert (len(packed), bool(packed)) == (count, count > 0)
    assert list(packed) == list(packed) == list(range(count))
    assert [a + b for a, b in zip(packed, packed, strict=True)] == [2 * n for n in range(count)]  # at once, too


def test_more_can_be_added_after_it_was_drawn() -> None:
    packed = Packed(range(BLOCK))
    assert 5 in packed
    packed.append(BLOCK)
    packed.extend(range(BLOCK + 1, 2 * BLOCK + 5))
    assert list(packed) == list(range(2 * BLOCK + 5))
    assert 2 * BLOCK + 5 not in packed


def test_what_is_drained_is_drawn_once_and_more_can_be_added() -> None:
    packed = Packed(range(2 * BLOCK + 5))
    assert list(packed.drain()) == list(range(2 * BLOCK + 5))
    assert not packed
    packed.extend(range(BLOCK + 1))
    assert list(packed) == list(range(BLOCK + 1))


def test_work_is_as_it_was_whatever_its_files_are_called() -> None:
    name = b"caf\xe9".decode("utf-8", "surrogateescape")  # no UTF-8
    found = FoundFile(f"{name}/a.jpg", 7, 2**62, (f"{name}/a.txt",), "stamp")
    known = Known("a.jpg", State.QUARANTINED, 5, 3, reason="broken", segments=2, first_attempt="2025-01-01")
    works = [Work(found, "0" * 64, known), Work(found)] * BLOCK
    assert list(Packed(works)) == works


def test_files_take_less_than_a_quarter_of_what_their_objects_take() -> None:
    works = [Work(FoundFile(f"{n // 100:05}/note-{n:06}.txt", n % 200, n * 10**9)) for n in range(5 * BLOCK)]
    objects = sum(sys.getsizeof(work) + sys.getsizeof(work.found) + sys.getsizeof(work.found.path) for work in works)
    packed = sum(map(sys.getsizeof, Packed(works)._blocks))
    assert packed < objects / 4
