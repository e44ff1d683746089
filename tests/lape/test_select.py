"""Entropy and selection on cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from interp.lape.entropy import activation_probabilities, entropy
from interp.lape.select import select_from_counts
from interp.presets import preset

LANGUAGES = ("en", "de", "zh")


def test_uniform_firing_has_the_largest_entropy_and_one_language_none():
    p = np.array([[[0.2, 0.5]], [[0.2, 0.0]], [[0.2, 0.0]]])
    np.testing.assert_allclose(entropy(p), [[np.log(3), 0.0]], atol=1e-12)


def test_eps_moves_a_neuron_that_fired_once():
    p = np.zeros((12, 1, 1))
    p[0] = 1 / 2_000_000
    assert entropy(p)[0, 0] == pytest.approx(0.0, abs=1e-12)
    assert entropy(p, eps=1e-9)[0, 0] == pytest.approx(0.0020, abs=5e-5)


def test_planted_neurons_are_selected_and_assigned():
    rng = np.random.default_rng(0)
    counts = rng.integers(400, 600, size=(3, 4, 100))
    planted = {(0, 7): 0, (2, 50): 1, (3, 99): 2, (3, 1): 2}
    for (layer, neuron), language in planted.items():
        counts[:, layer, neuron] = 1
        counts[language, layer, neuron] = 990
    chosen = select_from_counts(
        counts, np.full(3, 1000), preset("lape", "default"), languages=LANGUAGES
    )
    found = {
        (int(layer), int(neuron)): int(row.argmax())
        for layer, neuron, row in zip(chosen.layers, chosen.neurons, chosen.assigned, strict=True)
    }
    assert found == planted


def test_probabilities_are_counts_over_tokens():
    counts = np.array([[[3, 0]], [[1, 4]]])
    p = activation_probabilities(counts, np.array([6, 8]))
    np.testing.assert_allclose(p[:, 0], [[0.5, 0.0], [0.125, 0.5]])
