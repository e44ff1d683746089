"""Normalisations and choices by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from interp.errors import InterpError
from interp.evals.choices import chosen, normalised, ranking


def predictions(**changes) -> pd.DataFrame:
    row = {
        "fact_id": "f",
        "lang": "ja",
        "scores": [-6.0, -4.0, -9.0],
        "n_tokens": [3, 1, 9],
        "n_bytes": [6, 3, 9],
        "n_characters": [2, 1, 6],
    }
    return pd.DataFrame([{**row, **changes}])


@pytest.mark.parametrize(
    ("rule", "expected", "best"),
    [
        ("sum", [-6, -4, -9], 1),
        ("token", [-2, -4, -1], 2),
        ("byte", [-1, -4 / 3, -1], 0),  # a tie: the first wins
        ("character", [-3, -4, -1.5], 2),
    ],
)
def test_every_normalisation(rule: str, expected: list[float], best: int) -> None:
    scores = normalised(predictions(), rule)
    np.testing.assert_allclose(scores, [expected])
    assert chosen(scores).tolist() == [best]
    assert ranking(scores)[0, 0] == best


def test_equal_scores_keep_the_order_of_options() -> None:
    assert ranking([[-1.0, -3.0, -1.0, -3.0]]).tolist() == [[0, 2, 1, 3]]


def test_what_cannot_be_normalised_is_named() -> None:
    with pytest.raises(InterpError, match="normalisation 'avg': expected one of byte, token"):
        normalised(predictions(), "avg")
    with pytest.raises(InterpError, match=r"fact 'f' in ja has no scores: .* not generated"):
        normalised(predictions(scores=None), "sum")
    with pytest.raises(InterpError, match=r"fact 'f' in ja are \[nan, .*expected finite"):
        normalised(predictions(scores=[float("nan"), 1.0, 2.0]), "sum")
