"""The language neurons of the checkpoints shown, as they were selected or listed; no activations."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.lape.layer_ecdf import read_selection
from interp.lape.listed import read_listed
from interp.lape.selections import Selections
from interp.plates.second import no_second
from interp.plates.view import View
from interp.study import Study

FEW_TOKENS = 1 / 2
"""Of the most that a language has in the checkpoint: below it a language is marked."""


class Selection(Protocol):
    """What is counted of a checkpoint's language neurons: here, and under a page's own thresholds."""

    @property
    def label(self) -> str:
        """Of the checkpoint."""

    @property
    def run_id(self) -> str:
        """Its LAPE run."""

    @property
    def n_layers(self) -> int:
        """Layers of the checkpoint."""

    @property
    def per_layer(self) -> Mapping[str, NDArray[np.int64]]:
        """Language to its neurons per layer, ``[layer]``."""

    @property
    def tokens(self) -> Mapping[str, int]:
        """Language to the tokens counted, where that is known."""

    @property
    def stored(self) -> bool:
        """Whether it was selected as the run says, so that what is stored of the run is about it."""

    def total(self, lang: str) -> int | None:
        """Count the neurons of a language; None where it was not measured."""

    def n_selected(self) -> int:
        """Count the selected neurons, those of several languages once."""

    def is_full(self) -> bool:
        """Say whether as many neurons were selected as the top fraction asks for."""


@dataclass(frozen=True, eq=False)
class Selected:
    """One checkpoint's language neurons, as its run has them.

    Attributes:
        label: of the checkpoint.
        run_id: its LAPE run.
        n_layers: layers of the checkpoint.
        n_neurons: neurons per layer; None where nobody said.
        per_layer: language to its neurons per layer, ``[layer]``.
        tokens: language to the tokens counted, where that is known.
        count: selected neurons, those of several languages once.
        wanted: neurons that the top fraction asks for; None where that is not known.
        imported: whether somebody published it, without activations.
        stored: always.
    """

    label: str
    run_id: str
    n_layers: int
    n_neurons: int | None
    per_layer: Mapping[str, NDArray[np.int64]]
    tokens: Mapping[str, int]
    count: int
    wanted: int | None
    imported: bool
    stored: bool = True

    def total(self, lang: str) -> int | None:
        """Count the neurons of a language; None where it was not measured."""
        return int(self.per_layer[lang].sum()) if lang in self.per_layer else None

    def n_selected(self) -> int:
        """Count the selected neurons, those of several languages once."""
        return self.count

    def is_full(self) -> bool:
        """Say whether as many neurons were selected as the top fraction asks for."""
        return 0 < self.count == self.wanted


def read_all(view: View) -> list[Selected]:
    """Read the neurons of the checkpoints shown, the base first where it has a run.

    Raises:
        Lacking: no LAPE run.
    """
    return [read_selected(view.study, label, run_id) for label, run_id in view.runs("lape")]


def read_selected(study: Study, label: str, run_id: str) -> Selected:
    """Read the neurons of one run: of a 7B model some thousand rows of its 352,256.

    Args:
        study: the study.
        label: of the checkpoint.
        run_id: a finished LAPE run, imported or not.
    """
    make = partial(Selected, label, run_id)
    listed = read_listed(study, run_id)
    if listed is not None:
        return make(
            listed.n_layers, listed.n_neurons, listed.per_layer, listed.tokens,
            listed.n_selected, None, True,
        )  # fmt: skip
    languages = tuple(study.spec(run_id)["arguments"]["languages"])
    found = read_selection(study, run_id, languages)
    assert found is not None  # a run that counted activations names its neurons
    notes = study.notes(run_id)
    return make(
        found.n_layers, found.d_mlp, _per_layer(found), notes.get("text", {}).get("tokens", {}),
        len(found.neuron), notes.get("selection", {}).get("n_wanted"), False,
    )  # fmt: skip


def _per_layer(found: Selections) -> dict[str, NDArray[np.int64]]:
    layer = found.neuron // found.d_mlp
    return {
        lang: np.bincount(layer[own], minlength=found.n_layers)
        for lang, own in zip(found.languages, found.assigned.T, strict=True)
    }


def need_pair(view: View, labels: Collection[str]) -> None:
    """Refuse to compare where there is nothing to compare.

    Args:
        view: the study, and what of it is shown.
        labels: those with LAPE runs made alike.

    Raises:
        Lacking: the base is not among them, or nothing else is.
    """
    if view.base not in labels or len(labels) < 2:
        raise no_second(view, "lape", "language neurons", labels)


def spoken(shown: Sequence[Selection], languages: Sequence[str]) -> list[str]:
    """Keep the languages that some checkpoint was measured for."""
    return [lang for lang in languages if any(lang in one.per_layer for one in shown)]


def few_tokens(one: Selection, lang: str) -> bool:
    """Say whether a language was measured on less than half the tokens of the best measured one."""
    if lang not in one.tokens:
        return False
    return one.tokens[lang] < FEW_TOKENS * max(one.tokens.values())


def about(view: View, shown: Sequence[Selection]) -> pd.DataFrame:
    """Return the rows of ``runs`` behind what is shown."""
    return view.about([one.run_id for one in shown])


def of_base(shown: Sequence[Any], base: str) -> Any:
    """Return the base's neurons; None where it is not among them."""
    return next((one for one in shown if one.label == base), None)
