from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from fusion.graph import MATES, TAGS, adjacency, fill, nearest, neighbourhood, propagate
from fusion.sage import Sage
from fusion.views import Views


def test_propagation_is_that_of_paper():
    """A path a - b - c; a knows 1, c knows 3; alpha 0.5, two steps, by hand.

    A = [[0,1,0],[.5,0,.5],[0,1,0]], H = (1,0,3), mass (1,0,1).
    Z1 = .5 A H + .5 H  = (.5, 1, 1.5);     m1 = (.5, .5, .5)
    Z2 = .5 A Z1 + .5 H = (1, .5, 2);       m2 = (.75, .25, .75)
    """
    path = csr_array(np.array([[0, 1, 0], [0.5, 0, 0.5], [0, 1, 0]]))
    known, has = np.array([[1.0], [99.0], [3.0]]), np.array([True, False, True])
    made, came = propagate(path, known, has, alpha=0.5, steps=2)
    np.testing.assert_allclose(came, [0.75, 0.25, 0.75])
    np.testing.assert_allclose(made.ravel(), [1 / 0.75, 0.5 / 0.25, 2 / 0.75])


def test_nearest_weighs_by_how_much_farther_than_the_nearest():
    rows = np.array([[1.0, 0.0]], np.float32)
    among = np.array([[0.0, 1.0], [1.0, 0.0], [0.6, 0.8]], np.float32)
    places, weights = nearest(rows, among, 3)
    assert places.tolist() == [[1, 2, 0]]
    np.testing.assert_allclose(weights, [[1.0, np.exp(-0.4), np.exp(-1.0)]], atol=1e-6)
    apart, _ = nearest(among, among, 5, apart=True)
    assert apart.tolist() == [[2, 1], [2, 0], [0, 1]]


def test_rows_of_the_graph_add_up_to_one_and_company_links_what_vectors_do_not():
    views = Views.of([{"a": [1.0, 0.0]}, {"a": [1.0, 0.1]}, {}, {}], {"a": 2})
    alone = adjacency(views)
    assert alone.toarray()[2:].sum() == 0
    graph = adjacency(views, [["here", None, "here", None]]).toarray()
    np.testing.assert_allclose(graph.sum(axis=1), [1.0, 1.0, 1.0, 0.0])
    np.testing.assert_allclose(graph[0], [0.0, 0.8, 0.2, 0.0], atol=1e-6)  # 1 to a quarter
    np.testing.assert_allclose(graph[2], [1.0, 0.0, 0.0, 0.0])


def test_what_one_tag_knows_spreads_as_on_paper():
    """Three things without vectors in common; a and b are tagged "sea", b and c "boat" and "pier". Only a knows, 1.

    Each edge weighs 0.25, and b and c have two: A = [[0, 1, 0], [1/3, 0, 2/3], [0, 1, 0]].
    alpha 0.5, two steps; H = (1, 0, 0), and so is the mass: what arrives is 1 wherever anything does.
    Z1 = .5 A H + .5 H = (.5, 1/6, 0)
    Z2 = .5 A Z1 + .5 H = (1/12 + 1/2, 1/12, 1/12)
    """
    views = Views.of([{"text": [1.0, 0.0]}, {}, {}], {"text": 2})
    graph = adjacency(views, tags=[{"sea"}, {"sea", "boat", "pier"}, {"boat", "pier"}])
    np.testing.assert_allclose(graph.toarray(), [[0, 1, 0], [1 / 3, 0, 2 / 3], [0, 1, 0]], atol=1e-6)
    known, has = np.array([[1.0], [0.0], [0.0]]), np.array([True, False, False])
    made, came = propagate(graph, known, has, alpha=0.5, steps=2)
    np.testing.assert_allclose(came, [7 / 12, 1 / 12, 1 / 12], atol=1e-6)
    np.testing.assert_allclose(made.ravel(), 1.0, atol=1e-6)
    filled, told = fill(graph, views, "text")
    assert told.tolist() == [False, True, True]
    np.testing.assert_allclose(filled[1:], [[1.0, 0.0]] * 2, atol=1e-6)


def test_popular_tag_makes_edges_by_the_things_and_not_by_their_pairs():
    count = 10_000
    views = Views.of([{}] * count, {"text": 2})
    graph = adjacency(views, tags=[{"photo"}] * count)
    assert graph.nnz == count * MATES  # of each thing, the two before and the two after it in the ring
    assert (np.diff(graph.indptr) == MATES).all()


def test_rarest_tags_of_a_thing_tie_it():
    many = {f"everywhere {n}" for n in range(TAGS)}
    graph = adjacency(
        Views.of([{}] * 7, {"text": 2}), tags=[many | ({"rare"} if n in {0, 3} else set()) for n in range(7)]
    )
    # In a ring of seven, three lies too far from nought. Three tags lead to the others: the fourth gives way.
    np.testing.assert_allclose(graph.toarray()[0], np.array([0, 3, 3, 1, 0, 3, 3]) / 13, atol=1e-6)


@pytest.fixture
def clustered():
    """Twelve kinds of things: pictures lie by kind, and so do words; two in three have no words."""
    rng = np.random.default_rng(0)
    kind = np.arange(360) % 12
    image, text = rng.normal(size=(12, 16)), rng.normal(size=(12, 10))
    views = Views.single({"image": image[kind] + 0.4 * rng.normal(size=(360, 16)),
                          "text": text[kind] + 0.4 * rng.normal(size=(360, 10))})  # fmt: skip
    views.there["text"][120:] = False
    return views, kind, text / np.linalg.norm(text, axis=1, keepdims=True)


def of_its_kind(made, kind, centres):
    return float(((made @ centres.T).argmax(axis=1) == kind).mean())


def test_things_are_told_by_their_neighbours_what_they_lack(clustered):
    views, kind, centres = clustered
    made, told = fill(adjacency(views), views, "text")
    assert told.tolist() == [False] * 120 + [True] * 240
    assert not made[:120].any()
    np.testing.assert_allclose(np.linalg.norm(made[120:], axis=1), 1.0, rtol=1e-5)
    assert of_its_kind(made[120:], kind[120:], centres) > 0.95  # by lot 0.08


def test_new_things_are_told_in_one_step_without_the_others_being_touched(clustered):
    views, kind, centres = clustered
    made = neighbourhood(views.take(slice(120, 360)).only(["image"]), views.take(slice(0, 120)), "text")
    assert of_its_kind(made, kind[120:], centres) > 0.95


def test_trained_graph_tells_what_is_hidden(clustered):
    pytest.importorskip("torch")
    views, kind, centres = clustered
    graph = adjacency(views)
    model = Sage.fit(views, graph, "text", threads=1)
    made, told = model.fill(graph, views)
    assert told.tolist() == [False] * 120 + [True] * 240
    assert of_its_kind(made[120:], kind[120:], centres) > 0.9
    again, _ = Sage.fit(views, graph, "text", threads=1).fill(graph, views)
    np.testing.assert_array_equal(made, again)
