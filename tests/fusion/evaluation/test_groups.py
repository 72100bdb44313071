from __future__ import annotations

import numpy as np
import pytest

from fusion.evaluation import content_groups, split
from schemas import UsageError


def test_contents_are_joined_through_hash_caption_and_likeness():
    vectors = np.eye(6)
    vectors[5] = vectors[3] + 0.01 * vectors[0]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    hashes = ["h0", "h1", "h0", "h3", None, None]
    captions = ["A cat", None, "a dog", "", "A  DOG ", ""]

    # 0 and 2 share the hash, 2 and 4 the caption, 3 and 5 nearly the vector; 1 is alone.
    assert content_groups(hashes, captions, vectors=vectors).tolist() == [0, 1, 0, 2, 0, 2]


def test_what_is_missing_makes_nothing_alike():
    assert content_groups([None, None, ""], vectors=np.zeros((3, 4))).tolist() == [0, 1, 2]
    assert content_groups([7, 7, 8]).tolist() == [0, 0, 1]


def test_likeness_is_found_across_blocks_of_rows(monkeypatch):
    monkeypatch.setattr("fusion.evaluation.groups.ROWS", 3)
    vectors = np.eye(8)
    vectors[7] = vectors[1]

    assert content_groups(vectors=vectors).tolist() == [0, 1, 2, 3, 4, 5, 6, 1]


def test_split_holds_out_whole_groups_and_is_the_same_for_a_seed():
    groups = np.repeat(np.arange(50), 3)
    held = split(groups, 0)

    assert held.sum() == 30
    assert all(len(set(held[groups == group])) == 1 for group in range(50))
    assert (split(groups, 0) == held).all()
    assert (split(groups, 1) != held).any()
    assert split(groups, 0, share=0.5).sum() == 75


def test_split_leaves_something_on_both_sides():
    assert split(["a", "b"], 0, share=0.01).sum() == 1
    assert split(["a", "b", "b"], 0, share=0.99).any()
    assert not split(["a", "b", "b"], 0, share=0.99).all()
    with pytest.raises(UsageError, match="1 content groups cannot be split"):
        split(["a", "a"], 0)


def test_keys_of_other_lengths_are_refused():
    with pytest.raises(UsageError, match=r"are of \[1, 2\]"):
        content_groups(["a"], ["a", "b"])
