"""What must hold of chosen heads whatever the scores are; many are equal, so that ties are common."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from interp.attention.heads import GENERAL, choose_heads, head_name, parse_heads
from interp.errors import InterpError
from interp.lahis.select import general_heads, n_top, specific_heads, top_heads

quick = settings(max_examples=60, deadline=None, derandomize=True)
shapes = st.tuples(st.integers(1, 4), st.integers(1, 5))
scores = shapes.flatmap(
    lambda shape: arrays(np.float32, shape, elements=st.sampled_from([-1.0, 0.0, 0.5, 1.0]))
)
fractions = st.floats(0.01, 0.99)


@st.composite
def languages(draw: st.DrawFn) -> dict[str, np.ndarray]:
    shape = draw(shapes)
    one = arrays(np.float32, shape, elements=st.sampled_from([-1.0, 0.0, 0.5, 1.0]))
    return {f"l{place}": draw(one) for place in range(draw(st.integers(1, 5)))}


@quick
@given(scores, fractions, st.sampled_from(["topk_round", "topk_int"]))
def test_top_heads_are_the_best_and_ties_go_to_the_lower_number(
    values: np.ndarray, fraction: float, rule: str
) -> None:
    found = top_heads(values, fraction=fraction, rule=rule)
    places = [(layer, head) for layer in range(values.shape[0]) for head in range(values.shape[1])]
    ranked = sorted(places, key=lambda place: (-float(values[place]), place))
    assert found == ranked[: n_top(values.size, fraction, rule)]
    assert (
        top_heads(values * 8 + 16, fraction=fraction, rule=rule) == found
    )  # exact: only ranks count


@quick
@given(scores, fractions, fractions)
def test_a_larger_share_contains_the_smaller(values: np.ndarray, one: float, other: float) -> None:
    small, large = sorted((one, other))
    more = top_heads(values, fraction=large)
    assert top_heads(values, fraction=small) == more[: len(top_heads(values, fraction=small))]
    strict = top_heads(values, rule="quantile", quantile=large)
    assert set(strict) <= set(top_heads(values, rule="quantile", quantile=small))
    assert all(values[head] > np.quantile(values.astype(float), large) for head in strict)


@quick
@given(scores, st.data())
def test_other_layers_names_do_not_change_which_scores_are_top(
    values: np.ndarray, data: st.DataObject
) -> None:
    order = data.draw(st.sampled_from(list(permutations(range(len(values))))))
    moved = values[list(order)]
    best = sorted(float(values[head]) for head in top_heads(values, fraction=0.5))
    assert sorted(float(moved[head]) for head in top_heads(moved, fraction=0.5)) == best


@quick
@given(languages(), fractions, st.sampled_from(["K-1", 1, 2, 3]))
def test_general_and_specific_part_the_top_heads(
    values: dict[str, np.ndarray], fraction: float, least: str | int
) -> None:
    top = {lang: top_heads(one, fraction=fraction) for lang, one in values.items()}
    general, specific = general_heads(top, least), specific_heads(top, least)
    assert general == sorted(set(general))
    for lang, heads in top.items():
        assert sorted([*specific[lang], *(head for head in general if head in heads)]) == sorted(
            heads
        )
    turned = dict(reversed(top.items()))
    assert general_heads(turned, least) == general
    assert set(general_heads(top, 3)) <= set(general_heads(top, 2)) <= set(general_heads(top, 1))


@quick
@given(languages(), fractions, st.integers(1, 12))
def test_chosen_heads_are_top_ones_as_many_as_asked_and_there(
    values: dict[str, np.ndarray], fraction: float, at_most: int
) -> None:
    top = {lang: top_heads(one, fraction=fraction) for lang, one in values.items()}
    chosen = choose_heads(values, top, at_most=at_most)
    there = {head for heads in top.values() for head in heads}
    assert set(chosen) <= there and len(chosen) == min(at_most, len(there))
    general = [head for head, why in chosen.items() if why == GENERAL]
    assert list(chosen)[: len(general)] == general  # first
    assert set(general) <= set(general_heads(top))
    assert len(general) <= max((at_most + 1) // 2, at_most - (len(chosen) - len(general)))


@quick
@given(
    st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, unique=True, max_size=5)
)
def test_heads_are_read_as_they_are_written(heads: list[tuple[int, int]]) -> None:
    assert parse_heads(" , ".join(map(head_name, heads))) == tuple(heads)


@quick
@given(st.text(st.sampled_from("0123.,- x٣\n"), max_size=12))
def test_any_text_is_heads_or_refused(text: str) -> None:
    try:
        found = parse_heads(text)
    except InterpError:
        return
    assert found == tuple(dict.fromkeys(found))
    assert parse_heads(",".join(map(head_name, found))) == found
