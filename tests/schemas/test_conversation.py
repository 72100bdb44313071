"""A conversation: each turn a whole request."""

from __future__ import annotations

import pytest

from schemas import UsageError
from schemas.conversation import Conversation


def texts(talk: Conversation) -> list[str | None]:
    return [part.text for part in talk.request.parts]


@pytest.mark.parametrize(
    ("first", "then", "meant"),
    [
        ("dresses", "red ones", "red dresses"),
        ("dresses", "those with flowers", "dresses with flowers"),
        ("dresses", "with flowers", "dresses, with flowers"),
        ("a boat", "at sunset", "a boat, at sunset"),
    ],
)
def test_words_refine_what_was_asked(first: str, then: str, meant: str) -> None:
    assert texts(Conversation().ask(first).refine(then)) == [meant]


def test_turns_add_parts_and_filters_and_go_back() -> None:
    talk = Conversation().ask("dresses").add({"image": "a.png"}).less_like("b.png").where("size > 3").where("page = 1")

    assert [part.kind for part in talk.request.parts] == ["text", "image", "item"]
    assert talk.request.parts[2].weight < 0
    assert talk.request.where == "(size > 3) and (page = 1)"
    assert [turn.said for turn in talk.turns] == [
        "dresses",
        "add image",
        "less like b.png",
        "where size > 3",
        "where page = 1",
    ]

    talk.back(2).drop()
    assert [part.kind for part in talk.request.parts] == ["text", "image"]
    assert talk.request.where is None


def test_every_turn_can_be_kept_and_asked_again() -> None:
    talk = Conversation().ask("dresses").refine("red ones").without("people").more_like("shop/1.jpg")

    again = Conversation.model_validate_json(talk.model_dump_json())

    assert again == talk
    assert texts(Conversation(turns=again.turns[:2])) == ["red dresses"]


def test_refining_a_picture_adds_words() -> None:
    talk = Conversation().add({"image": "a.png"}).refine("in the snow")

    assert [part.kind for part in talk.request.parts] == ["image", "text"]


def test_what_cannot_be_done_is_told() -> None:
    with pytest.raises(UsageError, match="Nothing has been asked"):
        _ = Conversation().request
    with pytest.raises(UsageError, match="has 1 turns: it cannot go back 1"):
        Conversation().ask("a").back()
    with pytest.raises(UsageError, match="only part of a question cannot be dropped"):
        Conversation().ask("a").drop()
