"""Facts that two checkpoints were asked, as a pair whose statistics derive from means over facts; pure.

Units are facts: one draw (swap, split) of facts serves all languages, groups and statistics. A cell
(fact, language) that only one of the two has is left out of both.

Rows without a language average over languages: within each replicate the means of its languages are
averaged (a language that no drawn fact is in is passed over), and the statistic derives from that. An
average rests on the languages with `ENOUGH` facts, or, where none has, on those with any, and then no
verdict is given.

Names: ``<statistic>`` for all facts; ``<statistic>_<group>`` for a group of them: ``stated`` in the
language, ``english_only``, or ``split_<split>``; ``<statistic> (<set>)`` for the average over a named set
of languages. The row without a language and without a set averages over the languages beside English.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from interp.comparison.fact_cells import group_masks
from interp.comparison.family import Built, NotComparable
from interp.stats.bootstrap import ENOUGH, mean_of_known, worth_averaging
from interp.stats.linear import LinearPair
from interp.stats.pair import Statistic

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

Levels = Callable[[Floats], Mapping[str, Floats]]
"""Means ``[..., column]`` to statistics by name, each ``[...]``."""

UNIT = "facts"


@dataclass(frozen=True)
class Part:
    """Numbers of every fact in every language, and the statistics that derive from their means.

    Attributes:
        languages: of the second axis.
        base: ``[fact, language, column]``; not a number where the base has no such cell.
        model: the same of the model, the same facts and languages.
        levels: what derives from the means over facts.
        averages: name of a set of languages to its codes; the empty name is the plain average.
        group: which facts they are, as in the names of the statistics; empty: all.
        each: whether every language has rows of its own, beside the averages.
        shares: statistics whose levels lie between 0 and 1.
    """

    languages: tuple[str, ...]
    base: Floats
    model: Floats
    levels: Levels
    averages: Mapping[str, Sequence[str]] = field(default_factory=dict)
    group: str = ""
    each: bool = True
    shares: Collection[str] = ()

    @property
    def there(self) -> Bools:
        """Which cells both have, ``[fact, language]``."""
        return np.asarray(~(np.isnan(self.base) | np.isnan(self.model)).any(-1))

    @property
    def names(self) -> tuple[str, ...]:
        """Its statistics, without group."""
        return tuple(self.levels(np.full((1, self.base.shape[-1]), np.nan)))

    def only(self, group: str, member: Bools, *, each: bool = True) -> Part:
        """The same statistics of a group of facts, ``[fact, language]``."""
        base, model = (np.where(member[..., None], one, np.nan) for one in (self.base, self.model))
        averages = {"": self.averages[""]} if "" in self.averages else {}
        return replace(self, base=base, model=model, averages=averages, group=group, each=each)


def built(parts: Sequence[Part], notes: Sequence[str] = (), *, exchangeable: bool = True) -> Built:
    """Make a pair of everything that was measured on the same facts.

    Args:
        parts: over the same facts in the same order.
        notes: what is to be said of the runs.
        exchangeable: whether one checkpoint's facts can stand in for the other's: not where the
            statistics depend on how many layers there are.

    Returns:
        The pair of the facts that both have in some language, and the notes with those on averages.

    Raises:
        NotComparable: where no cell is shared.
    """
    there = [part.there for part in parts]
    kept = np.any([one.any(1) for one in there], axis=0) if parts else np.zeros(0, bool)
    if not kept.any():
        raise NotComparable(
            "the runs share no fact in any language: run both on one fact set, in the same languages"
        )
    sections = [_Section.of(part, one[kept]) for part, one in zip(parts, there, strict=True)]
    sums = [
        np.concatenate(
            [
                np.where(one[..., None], getattr(part, side), 0.0)[kept].reshape(kept.sum(), -1)
                for part, one in zip(parts, there, strict=True)
            ],
            axis=1,
        )
        for side in ("base", "model")
    ]
    sizes = np.concatenate(
        [
            np.repeat(one[kept], part.base.shape[-1], axis=1).astype(float)
            for part, one in zip(parts, there, strict=True)
        ],
        axis=1,
    )
    pair = LinearPair(
        base=sums[0],
        base_size=sizes,
        model=sums[1],
        model_size=sizes,
        derive=lambda means: _derive(sections, means),
        statistics=tuple(one for section in sections for one in section.statistics),
        behind=np.array([n for section in sections for n in section.behind], np.int64),
        paired=True,
        unit=UNIT,
        exchangeable=exchangeable,
    )
    said = [*notes, *(note for section in sections for note in section.notes)]
    return Built(pair, notes=tuple(dict.fromkeys(said)))


@dataclass(frozen=True)
class _Section:
    """A part with its rows: languages, then averages, for every statistic.

    Attributes:
        part: the part.
        used: places of the languages of every average.
        statistics: statistic by statistic, row by row.
        behind: facts behind each.
        notes: on the averages.
    """

    part: Part
    used: tuple[NDArray[np.intp], ...]
    statistics: tuple[Statistic, ...]
    behind: tuple[int, ...]
    notes: tuple[str, ...]

    @classmethod
    def of(cls, part: Part, there: Bools) -> _Section:
        n = there.sum(0)
        rows: list[tuple[str, str | None, int]] = [
            ("", lang, int(n[at])) for at, lang in enumerate(part.languages) if part.each
        ]
        used, notes = [], []
        for title, codes in part.averages.items():
            places = np.array([part.languages.index(code) for code in codes], np.intp)
            kept = places[worth_averaging(n[places])]
            used.append(kept)
            enough = bool(len(kept)) and bool((n[kept] >= ENOUGH).all())
            # too few everywhere: what the best language has, so that no verdict is given
            behind = int(there[:, kept].any(1).sum() if enough else n[places].max(initial=0))
            rows.append((title, None, behind))
            if left := [code for code in codes if part.languages.index(code) not in kept]:
                about = ", ".join(filter(None, (part.group, title)))
                notes.append(
                    f"averages{f' ({about})' if about else ''} without {' '.join(left)}: "
                    f"fewer than {ENOUGH} facts"
                )
        statistics = tuple(
            Statistic(
                full_name(name, part.group, title),
                "difference",
                lang=lang,
                behind_what=UNIT,
                behind_needed=ENOUGH,
                share=name in part.shares,
            )
            for name in part.names
            for title, lang, _ in rows
        )
        behind_all = tuple(n for _ in part.names for _, _, n in rows)
        return cls(part, tuple(used), statistics, behind_all, tuple(notes))


def full_name(name: str, group: str = "", title: str = "") -> str:
    """Name a statistic of a group of facts, averaged over a set of languages."""
    return f"{name}{f'_{group}' if group else ''}{f' ({title})' if title else ''}"


def _derive(sections: Sequence[_Section], means: Floats) -> Floats:
    """Means ``[replicate, column]`` of all parts to levels ``[replicate, statistic]``."""
    found, start = [], 0
    for section in sections:
        part = section.part
        size = part.base.shape[1] * part.base.shape[2]
        table = means[:, start : start + size].reshape(len(means), *part.base.shape[1:])
        start += size
        averages = [mean_of_known(np.moveaxis(table[:, places], 1, -1)) for places in section.used]
        rows = np.stack(averages, axis=1) if averages else table[:, :0]
        levels = part.levels(np.concatenate([table, rows], axis=1) if part.each else rows)
        found += [levels[name] for name in section.part.names]
    return np.concatenate(found, axis=1)


def plain(*names: str) -> Levels:
    """Levels that are the means themselves, column by column."""
    return lambda means: {name: means[..., at] for at, name in enumerate(names)}


def grouped(part: Part, facts: pd.DataFrame, fact_ids: Sequence[str]) -> list[Part]:
    """Average a part over languages for groups of facts: by what texts state, and by split.

    Args:
        part: of all facts.
        facts: the table ``facts`` of their set; without rows there are no groups.
        fact_ids: the first axis of the part.

    Returns:
        A part per group, without rows of single languages; none without a language beside English.
        A split that holds all facts is no group of its own.
    """
    if "" not in part.averages:
        return []
    masks = group_masks(facts, "stated", fact_ids, part.languages)
    splits = group_masks(facts, "split", fact_ids, part.languages)
    if len(splits) > 1:
        masks |= splits
    return [part.only(group, member, each=False) for group, member in masks.items()]
