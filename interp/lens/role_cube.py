"""A lens run's ranks of every role in every language it asked in, English prompts included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from interp.lens.rank_cube import Floats, filled, layer_ranks
from interp.study import Study


@dataclass(frozen=True)
class RoleCube:
    """Ranks by role, 0-based.

    Attributes:
        fact_ids: the facts that were asked in some language, sorted.
        languages: those asked in, in the run's order.
        ranks: role (``target``, ``en``, ``distractor``) to ``[fact, language, layer]``, points 0 to L;
            not a number where the run has no such item. English prompts have no role ``en``.
    """

    fact_ids: tuple[str, ...]
    languages: tuple[str, ...]
    ranks: Mapping[str, Floats]

    @property
    def n_points(self) -> int:
        """Points along the depth, L + 1."""
        return self.ranks["target"].shape[-1]

    def of(self, role: str, lang: str) -> Floats:
        """Return the ranks of one role in one language, ``[fact, layer]``."""
        return self.ranks[role][:, self.languages.index(lang)]

    def asked(self, lang: str) -> NDArray[np.bool_]:
        """Say which facts were asked in a language, ``[fact]``; none in one that the run lacks."""
        if lang not in self.languages:
            return np.zeros(len(self.fact_ids), bool)
        return np.asarray(~np.isnan(self.of("target", lang)).all(-1), bool)

    def among(self, fact_ids: Sequence[str]) -> NDArray[np.bool_]:
        """Say which facts are among some others, ``[fact]``."""
        wanted = set(fact_ids)
        return np.array([fact in wanted for fact in self.fact_ids], bool)


def role_cube(study: Study, run_id: str) -> RoleCube:
    """Read a lens run's ranks as arrays; ``mid`` points are left out.

    Args:
        study: the study.
        run_id: a finished lens run.

    Raises:
        InterpError: for an unknown run, or one that ranked nothing.
    """
    table = layer_ranks(study, run_id)
    asked = study.spec(run_id)["arguments"].get("languages", [])
    found = [str(lang) for lang in table["lang"].unique()]
    languages = tuple(sorted(found, key=lambda lang: [*asked, *found].index(lang)))
    facts = tuple(sorted(str(fact) for fact in table["fact_id"].unique()))
    n_points = int(table["layer"].max()) + 1
    roles = {str(role) for role in table["role"].unique()} | {"target", "en"}
    ranks = {
        role: filled(table[table["role"] == role], facts, languages, n_points)
        for role in sorted(roles)
    }
    return RoleCube(facts, languages, ranks)
