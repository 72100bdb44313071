"""What an evaluation is asked for."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from schemas.evaluation import KINDS, EvaluationOptions


def test_kind_of_question_that_there_is_not_is_an_error_and_not_passed_over() -> None:
    assert EvaluationOptions().kinds == list(KINDS)
    with pytest.raises(ValidationError, match="'captions'"):
        EvaluationOptions.model_validate({"kinds": ["caption", "views"]})
