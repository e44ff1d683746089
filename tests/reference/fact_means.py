"""Means over facts and averages over languages, as plain loops over cells.

A cell is a number of one fact in one language: ``{(fact, lang): number}``. A replicate says how often
each fact counts on either side. Shares no code with ``interp``.
"""

from __future__ import annotations

import math


def mean(cells, lang, times):
    """Weighted mean of a language; not a number where no fact of it is drawn."""
    known = [(times[fact], value) for (fact, other), value in cells.items() if other == lang]
    size = sum(n for n, _ in known)
    return sum(n * value for n, value in known) / size if size else math.nan


def average(cells, langs, times):
    """Mean over the languages that have one."""
    known = [one for one in (mean(cells, lang, times) for lang in langs) if not math.isnan(one)]
    return sum(known) / len(known) if known else math.nan


def shared(base, model):
    """Keep the cells that both have."""
    both = base.keys() & model.keys()
    return [{cell: side[cell] for cell in sorted(both)} for side in (base, model)]


def swapped(base, model, moved):
    """Exchange the sides of the facts in ``moved``."""
    pairs = {cell: (base[cell], model[cell]) for cell in base}
    turned = {cell: pair[::-1] if cell[0] in moved else pair for cell, pair in pairs.items()}
    return [{cell: pair[side] for cell, pair in turned.items()} for side in (0, 1)]
