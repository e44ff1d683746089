"""One checkpoint's language neurons, selected under the page's thresholds or listed by whoever published them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboards.data import Source
from interp.lape.activity import Activity, read_activity
from interp.lape.listed import Listed, read_listed
from interp.lape.live import Chosen, Ranked, choose_neurons, rank, rank_all
from interp.options import LapeOptions

Place = tuple[int, int]
"""``(layer, neuron)``, both 0-based."""


@dataclass(frozen=True, eq=False)
class Counted:
    """What only a run that counted activations knows.

    Attributes:
        activity: of every neuron.
        ranked: entropies under the page's filter.
        chosen: what the page's thresholds select.
        options: the page's thresholds, the rest the run's own.
    """

    activity: Activity
    ranked: Ranked
    chosen: Chosen
    options: LapeOptions


@dataclass(frozen=True, eq=False)
class Shown:
    """One checkpoint's language neurons.

    Attributes:
        label: of the checkpoint.
        run_id: its LAPE run.
        languages: that were compared.
        n_layers: layers of the checkpoint.
        n_neurons: neurons per layer; None where nobody said.
        per_layer: language to its neurons per layer, ``[layer]``.
        tokens: language to the tokens counted, where that is known.
        counted: what a run that counted activations knows; None for an imported one.
        listed: what an imported run says; None for the others.
        stored: whether the thresholds are those that the run was made with.
    """

    label: str
    run_id: str
    languages: tuple[str, ...]
    n_layers: int
    n_neurons: int | None
    per_layer: Mapping[str, NDArray[np.int64]]
    tokens: Mapping[str, int]
    counted: Counted | None
    listed: Listed | None
    stored: bool

    @property
    def shape(self) -> tuple[int, int | None]:
        """Layers, and neurons of a layer."""
        return self.n_layers, self.n_neurons

    def total(self, lang: str) -> int | None:
        """Count the neurons of a language; None where it was not measured."""
        return int(self.per_layer[lang].sum()) if lang in self.per_layer else None

    def n_selected(self) -> int:
        """Count the selected neurons, those of several languages once."""
        if self.counted is not None:
            return len(self.counted.chosen.layers)
        return self.listed.n_selected if self.listed is not None else 0

    def is_full(self) -> bool:
        """Say whether as many neurons were selected as the top fraction asks for, as in every resample."""
        return self.counted is not None and 0 < self.n_selected() == self.counted.chosen.n_wanted

    def places(self, lang: str) -> list[Place] | None:
        """Return a language's neurons, in order of entropy where it is known; None if unnamed."""
        if self.counted is not None:
            return self.counted.chosen.places(lang)
        if self.listed is None or self.listed.places is None:
            return None
        return list(self.listed.places.get(lang, ()))

    def languages_of(self, place: Place) -> tuple[str, ...]:
        """Return the languages that a neuron was selected for."""
        if self.counted is not None:
            return self.counted.chosen.of_neuron(*place)
        named = self.listed.places if self.listed is not None and self.listed.places else {}
        return tuple(lang for lang, own in named.items() if place in own)

    def holds(self, place: Place) -> bool:
        """Say whether the checkpoint has such a neuron."""
        return place[0] < self.n_layers and (self.n_neurons is None or place[1] < self.n_neurons)


def options_of(source: Source, run_id: str) -> LapeOptions | None:
    """Return the options that a run was made with; None for an imported one."""
    return source.derive(_own_options, run_id)


def _own_options(study: Any, run_id: str) -> LapeOptions | None:
    if "imported" in study.notes(run_id):
        return None
    return LapeOptions.of_run(study.spec(run_id, "lape")["arguments"])


def read_shown(source: Source, label: str, run_id: str, changes: Mapping[str, Any]) -> Shown:
    """Read one checkpoint's neurons.

    Args:
        source: the study.
        label: of the checkpoint.
        run_id: its LAPE run.
        changes: fields of ``LapeOptions`` in place of the run's own; without effect on an imported run.

    Raises:
        InterpError: thresholds that contradict each other, or a run that cannot be read.
    """
    own = options_of(source, run_id)
    if own is None:
        listed = source.derive(read_listed, run_id)
        assert listed is not None
        return Shown(
            label, run_id, listed.languages, listed.n_layers, listed.n_neurons,
            listed.per_layer, listed.tokens, None, listed, True,
        )  # fmt: skip
    options = LapeOptions(**{**own.to_dict(), **changes})
    activity = source.derive(read_activity, run_id)

    # The steps below close over what is cached already: only their keys are made from arguments.
    def everyone_of(_: Any, run_id: str) -> Ranked:
        return rank_all(activity, options.eps)

    everyone = source.derive(everyone_of, run_id)

    def ranked_of(_: Any, run_id: str, quantile: float | None) -> Ranked:
        return rank(activity, options, everyone)

    ranked = source.derive(ranked_of, run_id, options.filter_quantile)
    chosen = choose_neurons(activity, ranked, options)
    tokens = dict(zip(activity.languages, activity.tokens.tolist(), strict=True))
    return Shown(
        label, run_id, activity.languages, activity.n_layers, activity.n_neurons,
        chosen.per_layer(), tokens, Counted(activity, ranked, chosen, options), None,
        options == own,
    )  # fmt: skip
