"""What is built without a check is the same model as one that was checked."""

from __future__ import annotations

from pydantic import BaseModel

from schemas.answer import VectorHit
from schemas.trusted import trusted


class Answer(BaseModel):
    id: str
    parts: list[int] = []


def test_trusted_model_equals_the_one_that_was_checked():
    made = trusted(Answer, id="a", parts=[1, 2])

    assert made == Answer(id="a", parts=[1, 2])
    assert made.model_dump_json() == '{"id":"a","parts":[1,2]}'
    assert made.model_copy(update={"id": "b"}) == Answer(id="b", parts=[1, 2])


def test_a_change_of_one_leaves_the_others_alone():
    first, second = (trusted(VectorHit, rank=n, score=0.5, share=0.1) for n in (1, 2))

    first.rank = 7
    copied = first.model_copy(update={"share": 0.2})

    assert (first.rank, second.rank, copied.rank, copied.share) == (7, 2, 7, 0.2)
    assert second.model_dump(exclude_unset=True) == {"rank": 2, "score": 0.5, "share": 0.1}
