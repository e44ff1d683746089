"""The text on which heads or neurons were found is not the text on which they are tested. Pure."""

from __future__ import annotations

from collections.abc import Collection

from interp.data.corpus import Corpus
from interp.errors import InterpError

RULES = ("disjoint", "any")


def measured_units(
    corpus: Corpus, used: Collection[str] | None, *, rule: str, run_id: str, command: str
) -> Corpus:
    """Leave the units out on which the heads or neurons were found.

    Args:
        corpus: the text.
        used: ids of the units that the run used; None where it recorded none.
        rule: ``disjoint``, or ``any``, which keeps everything, as the source does.
        run_id: the run, for the errors.
        command: the command that makes such a run.

    Returns:
        The corpus that is measured. Units are told apart by their id.

    Raises:
        InterpError: under ``disjoint``, where the run has recorded no units or nothing is left.
    """
    if rule == "any":
        return corpus
    if used is None:
        raise InterpError(
            f"run {run_id} has not recorded which units of text it used (it was imported or made "
            f"by an earlier version): run interp {command} again with --overwrite, or measure on "
            "any text with --units any"
        )
    taken = set(used)
    left = [unit for unit in corpus.units if unit.unit_id not in taken]
    if not left:
        raise InterpError(
            f"no unit of corpus {corpus.source} is left to measure: run {run_id} used all "
            f"{len(corpus)}; run interp {command} with --limit {max(1, len(corpus) // 2)}, give "
            "another --corpus, or measure on the same text with --units any"
        )
    return Corpus.build(left, corpus.languages, corpus.source, notes=corpus.notes)
