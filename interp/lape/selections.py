"""Many selections of language neurons side by side, and what is counted of them; pure.

One form for every source: replicates drawn from activation counts and lists that somebody published.
What is counted is counted per *group*: one per language, then all languages, then all but English. A
neuron that belongs to several languages (``assignment="threshold"``) counts once in the group of each,
and once in the two groups of several languages: in the last where it has any language but English.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ENGLISH = "en"


@dataclass(frozen=True)
class Selections:
    """Selected neurons of one checkpoint, replicate by replicate.

    Attributes:
        languages: the language axis.
        n_layers: layers of the checkpoint.
        d_mlp: neurons of a layer.
        replicate: replicate of each row, ``[row]``; a row is one selected neuron of one replicate.
        neuron: the neuron, ``layer * d_mlp + neuron``, ``[row]``, once per replicate.
        assigned: its languages, ``[row, language]``.
        known: whether the replicate could be computed, ``[replicate]`` (not where a language has no
            token in it).
    """

    languages: tuple[str, ...]
    n_layers: int
    d_mlp: int
    replicate: NDArray[np.int64]
    neuron: NDArray[np.int64]
    assigned: Flags
    known: Flags

    def __len__(self) -> int:
        """Return the number of replicates."""
        return len(self.known)

    @property
    def groups(self) -> Flags:
        """Whether a row counts in a group, ``[row, group]``: each language, all, all but English."""
        others = [place for place, lang in enumerate(self.languages) if lang != ENGLISH]
        everything = np.ones((len(self.neuron), 1), bool)
        rest = self.assigned[:, others].any(axis=1, keepdims=True)
        return np.concatenate([self.assigned, everything, rest], axis=1)

    def layer_counts(self) -> Floats:
        """Count neurons per layer.

        Returns:
            ``[replicate, group, layer]``; not a number in a replicate that is not known.
        """
        layer = self.replicate * self.n_layers + self.neuron // self.d_mlp
        found = np.empty((len(self), len(self.languages) + 2, self.n_layers))
        for place, member in enumerate(self.groups.T):
            counted = np.bincount(layer[member], minlength=len(self) * self.n_layers)
            found[:, place] = counted.reshape(len(self), self.n_layers)
        found[~self.known] = np.nan
        return found

    def shared(self, other: Selections) -> Floats:
        """Count the neurons that both sides have in a group.

        Args:
            other: selections among the same neurons, with the same languages.

        Returns:
            ``[replicate, group]``; not a number where one side is not known.
        """
        cells = self.n_layers * self.d_mlp
        _, mine, its = np.intersect1d(
            self.replicate * cells + self.neuron,
            other.replicate * cells + other.neuron,
            assume_unique=True,
            return_indices=True,
        )
        both = self.groups[mine] & other.groups[its]
        found = np.empty((len(self), both.shape[1]))
        for place, member in enumerate(both.T):
            found[:, place] = np.bincount(self.replicate[mine][member], minlength=len(self))
        found[~(self.known & other.known)] = np.nan
        return found


def from_rows(
    frame: pd.DataFrame, languages: tuple[str, ...], n_layers: int, d_mlp: int
) -> Selections:
    """Read one selection from rows of the table ``neurons``.

    Args:
        frame: columns ``layer``, ``neuron`` and ``lang``, one row per selected neuron and language;
            rows of languages that are not asked for are passed over, and so are neurons that have
            no other.
        languages: the language axis.
        n_layers: layers of the checkpoint.
        d_mlp: neurons of a layer.

    Returns:
        Selections of one replicate, neurons in ascending order.
    """
    kept = frame[frame["lang"].isin(languages)]
    flat = kept["layer"].to_numpy(np.int64) * d_mlp + kept["neuron"].to_numpy(np.int64)
    neuron, row = np.unique(flat, return_inverse=True)
    assigned = np.zeros((len(neuron), len(languages)), bool)
    assigned[row, [languages.index(lang) for lang in kept["lang"]]] = True
    return Selections(
        languages=languages,
        n_layers=n_layers,
        d_mlp=d_mlp,
        replicate=np.zeros(len(neuron), np.int64),
        neuron=neuron,
        assigned=assigned,
        known=np.ones(1, bool),
    )


def groups_of(counted: Floats, languages: tuple[str, ...]) -> Floats:
    """Add the groups of several languages to numbers per language, each neuron being of one language.

    Args:
        counted: ``[language, layer]``.
        languages: the language axis.

    Returns:
        ``[group, layer]``.
    """
    others = [place for place, lang in enumerate(languages) if lang != ENGLISH]
    return np.concatenate(
        [counted, counted.sum(0, keepdims=True), counted[others].sum(0, keepdims=True)]
    )
