"""Work in shards: each piece once, folders whole where they can be, about the same weight."""

from __future__ import annotations

from flows.reconciliation.plan import Work
from flows.scale.shards import FILE, LEAST, MOST, PER_WORKER, in_shards, weight
from schemas import FoundFile


def work(**files: int) -> list[Work]:
    """So many files of a megabyte in each folder."""
    return [Work(FoundFile(f"{name}/{n:05}", 1_000_000, 0)) for name, count in files.items() for n in range(count)]


def folders(shard: list[Work]) -> set[str]:
    return {one.found.path.partition("/")[0] for one in shard}


def test_every_piece_is_in_one_shard() -> None:
    given = work(a=700, b=3, c=40, d=1)

    shards = in_shards(given, workers=4)

    assert sorted(one.found.path for shard in shards for one in shard) == sorted(one.found.path for one in given)


def test_folders_stay_whole_and_light_ones_go_together() -> None:
    shards = in_shards(work(a=20, b=2, c=2, d=20), workers=2)

    homes = {name: [n for n, shard in enumerate(shards) if name in folders(shard)] for name in "bc"}
    assert len(homes["b"]) == len(homes["c"]) == 1
    assert homes["b"] == homes["c"]


def test_heavy_folder_is_split_and_no_shard_is_much_heavier_than_its_share() -> None:
    given = work(a=1000, b=10)

    shards = in_shards(given, workers=4)

    share = weight(given) / (4 * PER_WORKER)
    assert 4 * PER_WORKER <= len(shards) <= 4 * PER_WORKER + 2
    assert max(map(weight, shards)) <= share
    assert [weight(shard) for shard in shards] == sorted(map(weight, shards), reverse=True)


def test_shards_are_worth_a_worker_and_never_so_large_that_nobody_sees_the_end() -> None:
    assert len(in_shards(work(a=8), workers=64)) == 1
    many = in_shards(work(a=5000), workers=1)
    assert max(map(weight, many)) <= MOST
    assert min(map(weight, many[:-1])) >= LEAST


def test_a_file_larger_than_a_shard_is_one() -> None:
    film = Work(FoundFile("films/long.mkv", 3 * MOST, 0))

    shards = in_shards([film, *work(a=1)], workers=2)

    assert [len(shard) for shard in shards] == [1, 1]
    assert weight(shards[0]) == 3 * MOST + FILE


def test_no_work_is_no_shard() -> None:
    assert in_shards([], workers=2) == []
