"""Language neurons of which only the selection is known: published lists, and counts per layer.

The statistics are those of counted runs. What cannot be had without blocks of text is left empty: no
interval and no noise floor, so that no verdict is reached; p is that of `interp.lape.exchange`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from interp.comparison.family import Built, RunPair, differing_options
from interp.lape.differences import compare, from_layers, statistics
from interp.lape.exchange import Exchanged, exchange_neurons
from interp.lape.listed import Listed
from interp.lape.selections import Floats, Selections, from_rows, groups_of
from interp.stats.contrast import Result
from interp.stats.pair import Statistic, Values
from interp.stats.permutation import holm
from interp.stats.relabel import families
from interp.stats.verdict import NOT_ENOUGH
from interp.study import Study

Shape = tuple[int, int | None]
"""Layers, and neurons of a layer where somebody said."""


def differing_shapes(base: Shape, label: Shape) -> list[str]:
    """Say in a note what becomes of checkpoints of different shape."""
    if base == label or (base[0] == label[0] and None in (base[1], label[1])):
        return []
    old, new = (
        f"{layers} layers of {width or 'unknown'} neurons" for layers, width in (base, label)
    )
    depth = "" if base[0] == label[0] else ", layers at relative depth"
    return [
        f"different shapes ({old} and {new}): numbers are compared as they are{depth}, sets of "
        "neurons not at all, and there is no p"
    ]


def build_lists(
    study: Study,
    pair: RunPair,
    listed: Sequence[Listed | None],
    languages: Sequence[str],
    measure: tuple[str, ...],
    notes: Sequence[str],
) -> Built:
    """Compare two selections.

    Args:
        study: the study.
        pair: the runs; one of them at least was imported.
        listed: what each of them holds if it was, base first.
        languages: those that both were made for.
        measure: options that decide what is measured; one that a list does not state is passed over.
        notes: what differs between the runs.

    Raises:
        NotComparable: where an option that both state differs.
    """
    differing_options(pair, measure, imported=True)
    runs = [(pair.base_run, pair.base_spec), (pair.label_run, pair.label_spec)]
    sides = [
        _read(study, run, spec, own, tuple(languages))
        for (run, spec), own in zip(runs, listed, strict=True)
    ]
    result = _result(sides[0][0], sides[1][0], tuple(languages))
    shapes = differing_shapes(sides[0][1], sides[1][1])
    caveats = dict.fromkeys(one.caveat for one in listed if one is not None and one.caveat)
    return Built(result=result, notes=(*notes, *shapes, *caveats))


def _read(
    study: Study,
    run_id: str,
    spec: Mapping[str, Any],
    listed: Listed | None,
    languages: tuple[str, ...],
) -> tuple[Selections | Floats, Shape]:
    """Read a run's neurons or, where nobody knows which they are, their numbers per layer."""
    if listed is not None and listed.places is None:
        layers = np.array([listed.per_layer[lang] for lang in languages], np.float64)
        return groups_of(layers, languages)[None], (listed.n_layers, listed.n_neurons)
    if listed is not None:
        n_layers, d_mlp = listed.n_layers, int(listed.n_neurons or 0)  # a list of neurons says it
    else:
        n_layers, d_mlp = spec["model"]["shape"]["n_layers"], spec["model"]["shape"]["d_mlp"]
    frame = study.table("neurons", run_id=run_id, columns=["layer", "neuron", "lang", "selected"])
    chosen = frame[frame["selected"].astype(bool)]
    return from_rows(chosen, languages, n_layers, d_mlp), (n_layers, d_mlp)


def _result(
    base: Selections | Floats, model: Selections | Floats, languages: tuple[str, ...]
) -> Result:
    exchanged = None
    if isinstance(base, Selections) and isinstance(model, Selections):
        same = (base.n_layers, base.d_mlp) == (model.n_layers, model.d_mlp)
        values = compare(base, model, same_neurons=same)
        exchanged = exchange_neurons(base, model) if same else None
    else:
        same = False
        first, second = (
            side.layer_counts() if isinstance(side, Selections) else side for side in (base, model)
        )
        values = from_layers(first, second, None, languages)
    return _laid_out(values, statistics(languages, same_neurons=same), exchanged)


def _laid_out(values: Values, named: tuple[Statistic, ...], exchanged: Exchanged | None) -> Result:
    n = len(named)
    p, adjusted, usual = np.full((3, n), np.nan)
    if exchanged is not None:
        p[: len(exchanged.p)], usual[: len(exchanged.p)] = exchanged.p, exchanged.usual
        for members in families(named, p, "holm").values():
            adjusted[members] = holm(p[members])
    reasons = [
        _reason(
            one, float(values.value[0, at]), int(values.behind[0, at]), float(usual[at]), exchanged
        )
        for at, one in enumerate(named)
    ]
    verdicts = tuple((NOT_ENOUGH, reason) for reason in reasons)
    return Result.without_units(named, values, verdicts, p=p, p_adjusted=adjusted)


def _reason(
    one: Statistic, value: float, behind: int, usual: float, exchanged: Exchanged | None
) -> str:
    parts = []
    if math.isnan(value):
        parts.append("it could not be computed")
    elif behind < one.behind_needed:
        parts.append(f"{behind} {one.behind_what} stand behind it, {one.behind_needed} are needed")
    parts.append(
        "only what was selected is known: no blocks of text, so no interval and no noise floor"
    )
    if exchanged is None:
        parts.append("and no p: the two do not name neurons of one shape")
    elif one.kind == "likeness":
        parts.append("and no p: exchanging neurons does not change it")
    elif not math.isnan(value):
        parts.append(
            f"p is of a weaker null, each of the {exchanged.n_differing} neurons that differ "
            f"exchanged with probability 1/2 ({exchanged.n_draws} times), under which 95 % stay at or below {usual:.3g}"
        )
    return "; ".join(parts)
