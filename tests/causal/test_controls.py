"""Controls: as many, outside the set, in the same layers, by their own seeds; and sets themselves."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from interp.causal.controls import control_sets, short_of
from interp.causal.sets import AblationSet, head_places, neuron_places, same_places, without_any
from interp.errors import InterpError
from interp.lape.select import select_from_counts
from interp.options import LahisOptions, LapeOptions

OWN = AblationSet("en", "heads", None, ((0, 1), (0, 5), (2, 0), (3, 7)))


def layers(one: AblationSet) -> Counter[int]:
    return Counter(layer for layer, _ in one.places)


def test_controls_are_as_many_and_outside_the_set():
    made = control_sets(OWN, 4, 8, n_controls=50, seed=3)
    assert [one.kind for one in made] == ["random"] * 50 + ["layer-matched"] * 50
    assert [one.draw for one in made] == [*range(50)] * 2
    for one in made:
        assert len(set(one.places)) == 4 and one.missing == 0 and one.lang == "en"
        assert not set(one.places) & set(OWN.places)
        assert all(0 <= layer < 4 and 0 <= head < 8 for layer, head in one.places)
    assert all(layers(one) == layers(OWN) for one in made[50:])
    assert not all(layers(one) == layers(OWN) for one in made[:50])


def test_every_place_outside_is_drawn_equally_often():
    made = control_sets(OWN, 4, 8, n_controls=700, seed=0)
    for kind, share in (
        ("random", lambda layer: 4 / 28),
        ("layer-matched", lambda layer: (2 / 6, 0, 1 / 7, 1 / 7)[layer]),
    ):
        times = Counter(place for one in made if one.kind == kind for place in one.places)
        for layer in range(4):
            for head in range(8):
                if (layer, head) in OWN.places:
                    continue
                expected = 700 * share(layer)
                assert abs(times[layer, head] - expected) < 5 * max(expected, 1) ** 0.5


def test_seeds_are_hashed_from_seed_language_kind_and_draw():
    made = control_sets(OWN, 4, 8, n_controls=3, seed=0)
    assert control_sets(OWN, 4, 8, n_controls=3, seed=0) == made
    more = control_sets(OWN, 4, 8, n_controls=5, seed=0)
    assert [one for one in more if one.draw < 3] == made  # asking for more changes none of them
    others = [
        control_sets(OWN, 4, 8, n_controls=3, seed=1),
        control_sets(AblationSet("de", "heads", None, OWN.places), 4, 8, n_controls=3, seed=0),
        control_sets(AblationSet("en", "neurons", None, OWN.places), 4, 8, n_controls=3, seed=0),
    ]
    for other in others:
        assert [one.places for one in other] != [one.places for one in made]
    assert len({one.places for one in made}) == 6


def test_a_layer_with_too_few_left_gives_what_it_has_and_says_so():
    own = AblationSet("sw", "heads", None, (*((0, head) for head in range(3)), (1, 0)))
    random, matched = control_sets(own, 2, 4, n_controls=1, seed=0)
    assert (len(random.places), random.missing) == (4, 0)  # exactly four are left anywhere
    assert (len(matched.places), matched.missing) == (2, 2)  # one of three, and one
    assert layers(matched) == {0: 1, 1: 1}
    (line,) = short_of([random, matched])
    assert "layer-matched control of sw: only 2 of 4" in line and "those layers" in line
    most = AblationSet("sw", "heads", None, (*((0, head) for head in range(4)), (1, 0)))
    random, _ = control_sets(most, 2, 4, n_controls=1, seed=0)
    assert (len(random.places), random.missing) == (3, 2)


def test_heads_are_the_top_ones_with_or_without_the_general():
    scores = {lang: np.zeros((2, 4)) for lang in ("en", "de", "es")}
    for place, lang in enumerate(scores):
        scores[lang][0, 0] = 9  # top everywhere
        scores[lang][1, place] = 5
    options = LahisOptions(top_fraction=0.25)
    assert head_places(scores, options) == {
        "en": ((0, 0), (1, 0)), "de": ((0, 0), (1, 1)), "es": ((0, 0), (1, 2)),
    }  # fmt: skip
    specific = head_places(scores, options, "specific")
    assert specific == {"en": ((1, 0),), "de": ((1, 1),), "es": ((1, 2),)}
    with pytest.raises(InterpError, match="unknown choice of heads or neurons 'best'"):
        head_places(scores, options, "best")
    nothing = head_places(scores, LahisOptions(top_fraction=1 / 8), "specific")
    assert without_any(nothing) == ("en", "de", "es")


def test_neurons_belong_to_one_language_or_to_all_above_the_cut():
    counts = np.full((3, 1, 40), 50)
    counts[:, 0, :4] = [[90, 90, 0, 90], [0, 89, 0, 90], [0, 0, 80, 0]]
    tokens = np.array([100, 100, 100])
    shared = {"top_fraction": 0.1, "filter_quantile": 0.8}
    found = {
        rule: neuron_places(
            select_from_counts(
                counts, tokens, LapeOptions(assignment=rule, **shared),
                languages=("en", "de", "es"),
            )
        )
        for rule in ("argmax", "threshold")
    }  # fmt: skip
    assert found["argmax"] == {"en": ((0, 0), (0, 1), (0, 3)), "de": (), "es": ((0, 2),)}
    assert found["threshold"] == {
        "en": ((0, 0), (0, 1), (0, 3)), "de": ((0, 1), (0, 3)), "es": ((0, 2),),
    }  # fmt: skip
    assert without_any(found["argmax"]) == ("de",)


def test_languages_with_the_same_set_are_named():
    sets = [AblationSet("en", "heads", None, ((0, 0),)), AblationSet("de", "heads", None, ((0, 1),)),
            AblationSet("es", "heads", None, ((0, 0),)), AblationSet("de", "random", 0, ((0, 0),))]  # fmt: skip
    assert same_places(sets) == [("en", "es")]
