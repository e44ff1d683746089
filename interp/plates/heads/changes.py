"""Which top heads a checkpoint keeps: the paper's Figure 12, likeness beside chance, and which heads move."""

from __future__ import annotations

import pandas as pd

from interp.figures.head_sets import changed_heads, jaccard_dots
from interp.lahis.top_frames import change_frame, top_of
from interp.plates.heads.sides import Heads, sentences
from interp.plates.heads.words import of_languages, spread
from interp.plates.plate import Lacking, Plate
from interp.plates.view import View
from interp.plates.words import listed
from interp.stats.verdict import BEYOND, WITHIN


def stable(view: View, *, fraction: float | None = None) -> Plate:
    """Draw how many of the base's top heads are kept, stacked to the size of the set.

    Source: the paper's Figure 12. *Changed* are those that left; as many came.

    Args:
        view: the study, and what of it is shown.
        fraction: the share of all heads called top; by default the one that the runs were made with,
            of imported matrices the paper's 2 %.

    Raises:
        Lacking: no two checkpoints with scores of the same heads and languages.
    """
    heads, labels, found = _read(view, fraction)
    frame = found[["label", "lang", "stable"]].assign(changed=found["lost"])
    title = f"Stable and changed against {view.base}, {heads.cut.named}: {', '.join(labels)}"
    return Plate(
        name="head-stable",
        title=title,
        figure=changed_heads(
            frame, labels, heads.languages, title=title, kinds=("stable", "changed")
        ),
        frame=frame,
        reading=sentences(
            kept_text(found),
            _by_chance(heads, labels),
            _own_halves(heads),
            heads.other_shapes and f"Left out: {heads.other_shapes}.",
            heads.cut.coarse([view.base, *labels]),
        ),
        runs=heads.about(((view.base, heads.base_run), *heads.others)),
        paper="Figure 12",
    )


def likeness(view: View, *, fraction: float | None = None) -> Plate:
    """Draw the Jaccard index of each language's top heads with the base's, beside chance.

    Args:
        view: the study, and what of it is shown.
        fraction: as of `stable`.

    Raises:
        Lacking: no two checkpoints with scores of the same heads and languages.
    """
    heads, labels, found = _read(view, fraction)
    frame = found[["label", "lang", "jaccard", "chance"]]
    title = f"Likeness to {view.base}, {heads.cut.named}: {', '.join(labels)}"
    return Plate(
        name="head-likeness",
        title=title,
        figure=jaccard_dots(frame, heads.languages, title=title, marks=view.marks),
        frame=frame,
        reading=sentences(
            alike_text(frame), _correlation(heads), heads.cut.coarse([view.base, *labels])
        ),
        runs=heads.about(((view.base, heads.base_run), *heads.others)),
    )


def moves(view: View, *, fraction: float | None = None) -> Plate:
    """List the heads that enter and leave each language's top heads.

    Args:
        view: the study, and what of it is shown.
        fraction: as of `stable`.

    Raises:
        Lacking: no two checkpoints with scores of the same heads and languages.
    """
    heads, labels, found = _read(view, fraction)
    rows = []
    before = top_of(heads.maps[view.base], heads.cut.fraction)
    for label in labels:
        after = top_of(heads.maps[label], heads.cut.fraction)
        for lang in found.loc[found["label"] == label, "lang"]:
            for change, own, rest in (
                ("enters", after[lang], before[lang]), ("leaves", before[lang], after[lang]),
            ):  # fmt: skip
                rows += [(label, lang, change, *head) for head in own if head not in set(rest)]
    frame = pd.DataFrame(rows, columns=["label", "lang", "change", "layer", "head"])
    title = (
        f"Heads that enter and leave the {heads.cut.named} against {view.base}: {', '.join(labels)}"
    )
    return Plate(
        name="head-moves",
        title=title,
        figure=None,
        frame=frame,
        reading=sentences(
            moves_text(frame, labels, view.base),
            "Heads are named layer.head from 0, best first; at the edge of a set ranks are close, so a "
            "head may cross it with hardly any change of its score.",
            _own_halves(heads),
        ),
        runs=heads.about(((view.base, heads.base_run), *heads.others)),
        table=_listed(frame, found),
    )


def kept_text(frame: pd.DataFrame) -> str:
    """Say how many percent of its top heads a language keeps, least and most.

    Args:
        frame: of `change_frame`.
    """
    if frame.empty:
        return "No language has top heads in both checkpoints."
    parts = []
    for label, own in frame.groupby("label", sort=False):
        kept = 100 * own["stable"] / (own["stable"] + own["lost"])
        parts.append(f"{label} keeps {spread(kept.tolist(), '.0f')} %")
    return f"Of each language's top heads {', '.join(parts)}."


def alike_text(frame: pd.DataFrame) -> str:
    """Say how alike sets are to the base's, and what random ones would be.

    Args:
        frame: of `change_frame`.
    """
    if frame.empty:
        return "No language has top heads in both checkpoints."
    parts = [
        f"{label} {own['jaccard'].mean():.2f}" for label, own in frame.groupby("label", sort=False)
    ]
    above = int((frame["jaccard"] > frame["chance"]).sum())
    return (
        f"Mean Jaccard index: {', '.join(parts)}; random sets of that size reach "
        f"{frame['chance'].mean():.3f} on average, and {above} of {len(frame)} "
        f"{'is' if above == 1 else 'are'} above it."
    )


def moves_text(frame: pd.DataFrame, labels: list[str], base: str) -> str:
    """Say which head enters, and which leaves, in most languages.

    Args:
        frame: columns ``label``, ``lang``, ``change`` (``enters``, ``leaves``), ``layer``, ``head``.
        labels: the checkpoints.
        base: label of the base.
    """
    parts = []
    for label in labels:
        own = frame[frame["label"] == label]
        said = []
        for change in ("enters", "leaves"):
            counts = own[own["change"] == change].groupby(["layer", "head"]).size()
            if len(counts):
                tied = counts[counts == counts.max()]
                first = ".".join(str(part) for part in tied.index[0])
                like = f" (and {len(tied) - 1} more heads as often)" if len(tied) > 2 else ""
                like = " (and one more head as often)" if len(tied) == 2 else like
                n = int(counts.max())
                said.append(f"{first} {change} in {n} language{'s' if n > 1 else ''}{like}")
        parts.append(
            f"{label} against {base}: {listed(said)}" if said else f"{label} has {base}'s top heads"
        )
    return f"{'; '.join(parts)}."


def _read(view: View, fraction: float | None) -> tuple[Heads, list[str], pd.DataFrame]:
    heads = Heads.of(view, fraction)
    heads.need_base()
    frame = change_frame(
        view.study, heads.base_run, heads.others, heads.languages, heads.cut.fraction
    )
    labels = [label for label, _ in heads.others if label in set(frame["label"])]
    if not labels:
        raise Lacking(
            f"study {view.study.path}: no language shown has scores that are all numbers both in "
            f"{view.base} and in another checkpoint"
        )
    return heads, labels, frame


def _by_chance(heads: Heads, labels: list[str]) -> str:
    """Say how many heads of a random set would be kept."""
    expected = [heads.cut.sizes[one] * heads.cut.chance(one) / 100 for one in labels]
    return f"Of a random set {spread(expected, '.2g')} of the heads would be kept on average."


def _own_halves(heads: Heads) -> str:
    """Say what the base keeps between two halves of its own samples, and what lies beyond that."""
    if heads.other_cut:
        return heads.other_cut
    rows = heads.stored("heads_kept")
    if missing := heads.not_judged(rows):
        return missing
    judged = rows[rows["verdict"].isin([BEYOND, WITHIN])]
    parts = []
    for label, own in judged.groupby("label", sort=False):
        beyond = int((own["verdict"] == BEYOND).sum())
        parts.append(f"{label} in {of_languages(beyond, len(own))}")
    floor = spread(judged["noise_floor"].tolist(), ".0f")
    base = heads.view.base
    return (
        f"Two halves of {base}'s own samples share at least {floor} % in 95 % of draws (noise floor, by "
        f"language); beyond noise is the change of {listed(parts)}."
    )


def _correlation(heads: Heads) -> str:
    """Say how alike the ranks of all heads are, which no cut makes coarse."""
    rows = heads.stored("score_rank_correlation", percent=False)
    if rows.empty:
        return heads.not_judged(rows)
    parts = []
    for label, own in rows.groupby("label", sort=False):
        beyond = int((own["verdict"] == BEYOND).sum())
        judged = int(own["verdict"].isin([BEYOND, WITHIN]).sum())
        said = f", beyond noise in {of_languages(beyond, judged)}" if judged else ""
        parts.append(f"{label} {spread(own['value'].tolist(), '.2f')}{said}")
    text = (
        f"Over all heads, whatever the cut, ranks correlate with the base's at {'; '.join(parts)}."
    )
    return sentences(text, heads.not_judged(rows))


def _listed(frame: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Lay the moves out for reading: a row per checkpoint and language."""
    named = frame.assign(name=frame["layer"].astype(str) + "." + frame["head"].astype(str))
    cells = named.groupby(["label", "lang", "change"], sort=False)["name"].agg(", ".join)
    table = found[["label", "lang"]].assign(kept=found["stable"].astype(str))
    for change in ("enters", "leaves"):
        keys = [(*pair, change) for pair in zip(found["label"], found["lang"], strict=True)]
        table[change] = [cells.get(key, "none") for key in keys]
    return table.reset_index(drop=True)
