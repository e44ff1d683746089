"""What an evaluation by free generation says, read back from the study without the model."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from interp.data.fact_groups import fact_groups
from interp.data.language_sets import Split, named_sets
from interp.errors import InterpError
from interp.evals.accuracy import accuracy_table
from interp.evals.answer_kinds import answer_kinds
from interp.evals.answers import wide
from interp.evals.failure_table import failure_table
from interp.evals.flips import flip_table
from interp.evals.matching import answer_line, lenient
from interp.options import KlarOptions
from interp.study import Study

_SHOWN = ("lenient", "strict")


def summarise(
    study: Study, run_id: str, extra_sets: Mapping[str, Split] | None = None
) -> dict[str, pd.DataFrame]:
    """Lay out what a run found.

    Args:
        study: the study.
        run_id: a finished run of ``interp eval klar``.
        extra_sets: further language sets, e.g. from `read_language_sets`.

    Returns:
        ``languages``: per language the facts, what was missing or shortened, in how many questions
        the true answer stands in a demonstration (empty where an imported run does not say), and the accuracy under the lenient and the
        strict rule with 95 % intervals over facts. ``language_sets``, ``relations``,
        ``answer_kinds``: accuracies under the run's own rule, in the columns of
        `interp.evals.accuracy`, the last two also averaged over all languages (``lang`` is ``all
        languages``). ``stated`` and ``split``, where the facts say so: accuracies of facts stated
        in the language and in English only, and of each split. ``failure_modes``: see `interp.evals.failure_table`.
    """
    rows = _answers(study, run_id)
    sets = named_sets(rows["lang"], extra_sets)
    every = {"all languages": tuple(rows["lang"].unique())}
    correct = wide(rows)
    by_set = accuracy_table(correct, _groups(rows, "all"), sets)
    known = _known_groups(study, study.spec(run_id)["data_hash"])
    return {
        **{by: accuracy_table(correct, groups, sets) for by, groups in known.items()},
        "languages": _languages(study, run_id, rows),
        "language_sets": by_set[by_set["lang"].isin(sets)].reset_index(drop=True),
        "relations": accuracy_table(correct, _groups(rows, rows["relation"]), every),
        "answer_kinds": accuracy_table(
            correct, _groups(rows, answer_kinds(rows["relation"])), {**every, **sets}
        ),
        "failure_modes": failure_table(rows.assign(label=study.spec(run_id)["label"])),
    }


def compare_runs(
    study: Study,
    base: str,
    other: str,
    extra_sets: Mapping[str, Split] | None = None,
    *,
    same_options: bool = True,
) -> pd.DataFrame:
    """Compare two runs on the facts that both answered.

    Args:
        study: the study.
        base: a finished run, e.g. of the base.
        other: another one.
        extra_sets: further language sets.
        same_options: refuse runs that asked or scored otherwise, whose difference is not one
            between checkpoints.

    Returns:
        The columns of `interp.evals.flips` per language, then per language set: accuracies under
        the runs' own rule, their paired difference with its 95 % interval, and the facts that went
        from wrong to right and from right to wrong.

    Raises:
        InterpError: different options, or no fact in common.
    """
    differ = _differences(study, base, other)
    if differ and same_options:
        raise InterpError(
            f"runs {base} and {other} differ in {'; '.join(differ)}: expected the same options, "
            "so that only the checkpoint differs"
        )
    before, after = (_answers(study, run_id) for run_id in (base, other))
    return flip_table(wide(before), wide(after), named_sets(before["lang"], extra_sets))


def flipped(study: Study, base: str, other: str) -> pd.DataFrame:
    """List the answers that changed between wrong and right.

    Args:
        study: the study.
        base: a finished run.
        other: another one.

    Returns:
        Columns fact_id, lang, relation, target, ``change`` (``gained`` or ``lost``), ``before``
        and ``after`` (the scored lines), ``mode_before`` and ``mode_after``.
    """
    keys = ["fact_id", "lang", "relation", "target"]
    old, new = (_answers(study, run_id) for run_id in (base, other))
    both = old.merge(new, on=keys, suffixes=("_before", "_after"))
    both = both[both["correct_before"] != both["correct_after"]]
    return pd.DataFrame(
        {
            **{key: both[key] for key in keys},
            "change": both["correct_after"].map({True: "gained", False: "lost"}),
            "before": both["line_before"],
            "after": both["line_after"],
            "mode_before": both["failure_mode_before"],
            "mode_after": both["failure_mode_after"],
        }
    ).reset_index(drop=True)


def _answers(study: Study, run_id: str) -> pd.DataFrame:
    """Read a run's answers, with the scored ``line`` and whether it is ``lenient`` and ``strict``."""
    spec = study.spec(run_id, "klar")
    rows = study.table("predictions", run_id=run_id)
    rule = KlarOptions.of_run(spec["arguments"]).line
    lines = [answer_line(text, rule) for text in rows["generated"]]
    right = [lenient(line, target) for line, target in zip(lines, rows["target"], strict=True)]
    return rows.assign(line=lines, lenient=right, strict=rows["correct_strict"])


def _languages(study: Study, run_id: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Accuracy of each language under both rules, beside what the run says of its questions."""
    everything = _groups(rows, "all")
    notes = pd.DataFrame(study.notes(run_id)["items"]).set_index("lang")
    table = notes[["facts", "missing", "few_demos", "shortened", "answer_in_demos"]].reset_index()
    for rule in _SHOWN:
        found = accuracy_table(wide(rows, rule), everything).set_index("lang")
        for column, name in (("accuracy", rule), ("ci_low", "low"), ("ci_high", "high")):
            title = name if column == "accuracy" else f"{rule}_{name}"
            table[title] = table["lang"].map(found[column])
        table["note"] = table["lang"].map(found["note"]).fillna("no facts")
    return table


def _known_groups(study: Study, data_hash: str) -> dict[str, pd.DataFrame]:
    """Groups by what texts state and by split; none for a folder of KLAR, which says neither."""
    facts = study.table("facts", columns=["data_hash", "fact_id", "lang", "stated", "split"])
    own = facts[facts["data_hash"] == data_hash]
    own = own.assign(split=own["split"].replace("", None))  # imported facts have none
    found = {by: fact_groups(own, by) for by in ("stated", "split")}
    return {by: groups for by, groups in found.items() if not groups.empty}


def _groups(rows: pd.DataFrame, group: str | pd.Series[str]) -> pd.DataFrame:
    return rows[["fact_id", "lang"]].assign(group=group)


def _differences(study: Study, base: str, other: str) -> list[str]:
    old, new = (study.spec(run_id)["arguments"] for run_id in (base, other))
    names = sorted((old.keys() | new.keys()) - {"batch_size"})
    return [
        f"{name} ({old.get(name)} and {new.get(name)})"
        for name in names
        if old.get(name) != new.get(name)
    ]
