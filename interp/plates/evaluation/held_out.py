"""Accuracy in languages trained on and held out, and language by language: the paper's Figure 4."""

from __future__ import annotations

import html

import numpy as np
import pandas as pd

from interp.data.languages import HELD_OUT, TRAINED
from interp.evals.accuracy import accuracy_table
from interp.evals.checkpoint_tables import DRAWS
from interp.evals.fact_sheet import Part
from interp.figures.fact_bars import group_bars, language_bars
from interp.figures.verdicts import evidence_text
from interp.plates.evaluation.answers import first_of, shown_languages
from interp.plates.evaluation.benchmarks import Benchmark, benchmarks
from interp.plates.evaluation.cells import cell
from interp.plates.evaluation.compared import (
    NOT_COMPARED,
    of_languages,
    records,
    stored,
)
from interp.plates.evaluation.summary_table import SEEN, UNSEEN
from interp.plates.evaluation.titles import title_of
from interp.plates.evaluation.words import accuracy_said
from interp.plates.plate import Plate
from interp.plates.view import View
from interp.stats.bootstrap import (
    mean_of_known,
    percentile_interval,
    ratio_draws,
    worth_averaging,
)

_ORDER = ("klar", "mcq", "lm-eval")


def trained_and_held_out(view: View, *, benchmark: str | None = None) -> Plate:
    """Draw accuracy in languages trained on and held out, checkpoint by checkpoint.

    Source: the paper's Figure 4a (KLAR), with intervals over facts. An average over languages is the
    mean of their accuracies.

    Args:
        view: the study, and what of it is shown.
        benchmark: ``klar``, ``mcq`` or ``lm-eval``; by default the first of these that has languages of
            both kinds.

    Raises:
        Lacking: no benchmark has a language that the paper holds out, and one that it trains on.
    """
    wanted = _ORDER if benchmark is None else (benchmark,)
    found = benchmarks(view, wanted)
    whole = [one for one in found if all(_groups(one).values())]
    if not whole:
        held = ", ".join(dict.fromkeys(lang for one in found for lang in one.languages))
        raise view.lacking(
            "klar",
            f"no benchmark has both languages trained on and languages held out ({', '.join(HELD_OUT)}): "
            f"the languages there are: {held}",
        )
    one = whole[0]
    frame = pd.concat(
        [_levels(label, correct, _groups(one)) for label, correct in one.correct.items()],
        ignore_index=True,
    )
    title = f"{one.name}: accuracy in languages trained on and held out"
    return Plate(
        name="trained-and-held-out",
        title=title,
        figure=group_bars(frame, list(one.runs), (SEEN, UNSEEN), title=html.escape(title)),
        frame=frame,
        reading=_reading(view, one, frame),
        runs=view.about(list(one.runs.values())),
        paper="Figure 4a",
    )


def language_accuracy(view: View, *, benchmark: str | None = None) -> Plate:
    """Draw accuracy language by language, checkpoints side by side, trained languages first.

    Source: the paper's Figure 4b (KLAR), with intervals and every checkpoint shown.

    Args:
        view: the study, and what of it is shown.
        benchmark: ``klar`` or ``mcq``; by default the first that the study holds.

    Raises:
        Lacking: no such answers.
    """
    answers = first_of(view, benchmark)
    known = shown_languages(view, answers)
    seen = [lang for lang in known if lang not in HELD_OUT]
    unseen = [lang for lang in known if lang in HELD_OUT]
    frame = answers.accuracy((*seen, *unseen), Part())
    title = title_of(view, answers, "accuracy by language")
    rows = stored(view, answers.analysis, answers.runs, "accuracy")
    said = [
        accuracy_said(answers.base, answers.others, frame, rows, True),
        "Bars begin at 0 and have 95 % bootstrap intervals over facts"
        + ("." if len(rows) or not answers.others else f"; {NOT_COMPARED}."),
    ]
    if not unseen:
        said.append("No language here is held out from the paper's training.")
    return Plate(
        name=f"{answers.analysis}-language-bars",
        title=title,
        figure=language_bars(
            frame, list(answers.runs), [*seen, *unseen], title=html.escape(title),
            marks=view.marks, chance=answers.chance,
            divider=(len(seen), SEEN, UNSEEN) if seen and unseen else None,
        ),
        frame=frame,
        reading=" ".join(said),
        runs=view.about(list(answers.runs.values())),
        paper="Figure 4b",
    )  # fmt: skip


def _groups(one: Benchmark) -> dict[str, tuple[str, ...]]:
    """Languages of both kinds that every checkpoint has: what is averaged is the same for all."""
    common = [
        lang for lang in one.languages if all(lang in table for table in one.correct.values())
    ]
    named = {SEEN: TRAINED, UNSEEN: HELD_OUT}
    return {name: tuple(x for x in common if x in codes) for name, codes in named.items()}


def _levels(label: str, correct: pd.DataFrame, sets: dict[str, tuple[str, ...]]) -> pd.DataFrame:
    cells = correct.stack().index.to_frame(index=False).set_axis(["fact_id", "lang"], axis=1)
    own = accuracy_table(correct, cells.assign(group="all"), sets, draws=DRAWS)
    own = own[own["lang"].isin(sets)].reset_index(drop=True)
    about = {
        "label": label,
        "group": own["lang"],
        "languages": [" ".join(sets[name]) for name in own["lang"]],
    }
    return pd.DataFrame(about).join(own[["facts", "accuracy", "ci_low", "ci_high", "note"]])


def _reading(view: View, one: Benchmark, frame: pd.DataFrame) -> str:
    parts, sets = [], _groups(one)
    for label in one.runs:
        own = {row["group"]: row for row in records(frame[frame["label"] == label])}
        parts.append(
            f"{label} {cell(own[SEEN])} % trained, {cell(own[UNSEEN])} % held out "
            f"(apart {_apart(one.correct[label], sets)} points)"
        )
    text = (
        f"Over {len(sets[SEEN])} languages trained on ({' '.join(sets[SEEN])}) and {len(sets[UNSEEN])} "
        f"held out ({' '.join(sets[UNSEEN])}): {'; '.join(parts)}."
    )
    changes = []
    for name, codes in sets.items():
        rows = _compared(view, one, codes)
        changes += [f"{row['label']}, {name}: {evidence_text(row)}" for row in records(rows)]
    others = [label for label in one.runs if label != view.base]
    if changes:
        return f"{text} Against {view.base}: {'; '.join(changes)}."
    return f"{text} Intervals are 95 % over facts{f'; {NOT_COMPARED}' if others else ''}."


def _apart(correct: pd.DataFrame, sets: dict[str, tuple[str, ...]]) -> str:
    """Give the difference of both averages in points, facts drawn for all languages together."""
    cells = correct.to_numpy(float)
    there = ~np.isnan(cells)
    level, drawn = ratio_draws(np.where(there, cells, 0.0), there, draws=DRAWS)
    means = []
    for codes in sets.values():
        places = np.array([list(correct).index(lang) for lang in codes])
        used = places[worth_averaging(there[:, places].sum(0))]
        means.append((mean_of_known(level[used]), mean_of_known(drawn[:, used])))
    (seen, drawn_seen), (unseen, drawn_unseen) = means
    found = percentile_interval(seen - unseen, drawn_seen - drawn_unseen, len(cells))
    return f"{100 * found.estimate:+.1f} [{100 * found.low:+.1f}, {100 * found.high:+.1f}]"


def _compared(view: View, one: Benchmark, codes: tuple[str, ...]) -> pd.DataFrame:
    if one.analysis == "lm-eval" or view.base not in one.runs:
        return pd.DataFrame()
    every = view.study.spec(one.runs[view.base])["arguments"]["languages"]
    return of_languages(stored(view, one.analysis, one.runs), every, codes)
