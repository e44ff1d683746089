"""Distances between distributions over layers: scipy's statistic, relative depth by hand and by loop."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from interp.stats.ks import last_layers, layer_cdf, layer_distance
from tests.reference import contrast as oracle

quick = settings(max_examples=60, deadline=None, derandomize=True)

COUNTS = st.integers(0, 40)


def expand(counts, n_layers: int | None = None) -> np.ndarray:
    """One number per member: its layer, or the relative depth at which the layer ends."""
    layers = np.repeat(np.arange(len(counts)), counts)
    return layers if n_layers is None else (layers + 1) / n_layers


@quick
@given(
    st.integers(1, 40).flatmap(lambda n: st.tuples(*[st.lists(COUNTS, min_size=n, max_size=n)] * 2))
)
def test_the_distance_is_scipys_on_the_expanded_samples(both) -> None:
    base, model = both
    assume(sum(base) and sum(model))
    found = layer_distance(base, model)
    other = ks_2samp(expand(base), expand(model), method="asymp")
    assert found.value == pytest.approx(other.statistic, abs=1e-12)
    assert found.value == abs(found.signed)
    if found.value > 0:
        # scipy's sign is that of F_base - F_model; its place is the first layer that reaches D
        largest = layer_cdf(model) - layer_cdf(base)
        assert abs(largest[found.layer]) == pytest.approx(found.value)
        assert found.signed == pytest.approx(largest[found.layer])


@quick
@given(st.lists(COUNTS, min_size=1, max_size=9), st.lists(COUNTS, min_size=1, max_size=9))
def test_other_depths_are_compared_at_relative_depth(base, model) -> None:
    found = layer_distance(base, model)
    value, signed, _ = oracle.layer_distance(base, model)
    if math.isnan(value):
        assert math.isnan(found.value)
        assert math.isnan(found.signed)
        assert found.layer == -1
        return
    assert found.value == pytest.approx(value, abs=1e-12)
    # several layers may be equally far: the sign is that of one of them
    assert abs(found.signed) == pytest.approx(abs(signed), abs=1e-12)
    assert 0 <= found.layer < len(base)
    other = ks_2samp(expand(base, len(base)), expand(model, len(model)), method="asymp")
    assert found.value == pytest.approx(other.statistic, abs=1e-12)


def test_relative_depth_by_hand() -> None:
    # Two layers end at 1/2 and 1, three at 1/3, 2/3, 1.
    # depth 1/3: 0 and 1; 1/2: 3/4 and 1; 2/3: 3/4 and 1; 1: 1 and 1
    found = layer_distance([3, 1], [4, 0, 0])
    assert (found.value, found.signed, found.layer) == (1.0, 1.0, 0)
    # depth 1/3: 0, 1/4; 1/2: 3/4, 1/4; 2/3: 3/4, 2/4; the base is ahead at 1/2, the end of layer 0
    found = layer_distance([3, 1], [1, 1, 2])
    assert (found.value, found.signed, found.layer) == (0.5, -0.5, 0)
    # four layers against two of the same halves: nothing differs at 1/2 and 1, but at 1/4 and 3/4
    found = layer_distance([1, 1, 1, 1], [2, 2])
    assert (found.value, found.signed, found.layer) == (0.25, -0.25, 0)


def test_the_sign_says_whose_members_lie_earlier() -> None:
    earlier = layer_distance([0, 10, 0], [5, 5, 0])
    assert (earlier.value, earlier.signed, earlier.layer) == (0.5, 0.5, 0)
    later = layer_distance([0, 10, 0], [0, 5, 5])
    assert (later.value, later.signed, later.layer) == (0.5, -0.5, 1)


def test_the_first_of_several_layers_is_named() -> None:
    assert layer_distance([1, 0, 0, 1], [0, 0, 0, 2]).layer == 0


@pytest.mark.filterwarnings("error")
def test_empty_sides_have_no_distance() -> None:
    found = layer_distance([[0, 0], [1, 1]], [[1, 1], [1, 1]])
    assert np.isnan(found.value).tolist() == [True, False]
    assert np.isnan(found.signed).tolist() == [True, False]
    assert found.layer.tolist() == [-1, 0]
    assert np.isnan(layer_distance([0, 0], [1, 1, 1]).value)


@pytest.mark.filterwarnings("error")
def test_shares_cumulate_to_one() -> None:
    assert layer_cdf([1, 0, 3]).tolist() == [0.25, 0.25, 1.0]
    assert np.isnan(layer_cdf([0, 0])).all()


@pytest.mark.parametrize(("layers", "last"), [(32, 5), (28, 5), (8, 2), (1, 1), (64, 10)])
def test_the_last_layers_of_other_depths(layers: int, last: int) -> None:
    assert last_layers(layers) == last


@pytest.mark.parametrize(
    ("model", "everything", "without_english"),
    [("olmo-sft-10k", 0.0150, 0.0262), ("olmo-grpo-attmlp", 0.0241, 0.0592)],
)
def test_released_lists_give_the_figures_of_the_data_page(
    shared_data, model: str, everything: float, without_english: float
) -> None:
    import json

    def counts(name: str, skip: tuple[str, ...] = ()) -> list[int]:
        lists = json.loads(
            (shared_data / "release" / "lape" / name / "lape_results.json").read_text()
        )
        return [
            sum(len(which) for lang, which in lists.get(str(layer), {}).items() if lang not in skip)
            for layer in range(1, 33)
        ]

    found = layer_distance(counts("olmo-base"), counts(model))
    assert round(float(found.value), 4) == everything
    alone = layer_distance(counts("olmo-base", ("en",)), counts(model, ("en",)))
    assert round(float(alone.value), 4) == without_english
    if model == "olmo-grpo-attmlp":
        assert found.layer == 17
        assert found.signed > 0
