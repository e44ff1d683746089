"""Read from a study whose heads or neurons are to be ablated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from interp.causal.sets import Place, head_places, neuron_places
from interp.errors import InterpError, unknown
from interp.lahis.select import specific_heads
from interp.lahis.summary import score_matrices
from interp.lape.listed import Listed, read_listed
from interp.lape.summary import selection
from interp.options import AblationOptions, LahisOptions, LapeOptions
from interp.study import Study, load_study
from interp.study.records import RunRecord, current_ids

ANALYSES: Mapping[str, str] = {"heads": "lahis", "neurons": "lape"}
"""What is ablated, and the analysis that finds it."""


@dataclass(frozen=True)
class Source:
    """Heads or neurons per language, and the run that found them.

    Attributes:
        part: ``heads`` or ``neurons``.
        run_id: the run.
        label: the checkpoint it was run on.
        digest: of what was asked of the run.
        corpus: source of the text that it used.
        places: language to its heads or neurons, in the run's order of languages; possibly none.
        n_layers: layers of that checkpoint.
        width: heads, or neurons, of each layer.
        units: ids of the units of text that the run used; None where it has not recorded them.
    """

    part: str
    run_id: str
    label: str
    digest: str
    corpus: str
    places: Mapping[str, tuple[Place, ...]]
    n_layers: int
    width: int
    units: tuple[str, ...] | None

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of the run."""
        return tuple(self.places)


def find_run(text: str, part: str, home: Study) -> tuple[Study, str]:
    """Find the run that a user names.

    Args:
        text: a run_id or label of ``home``; or the folder of another study, with ``:`` and a
            run_id or label of it where it holds several.
        part: ``heads`` or ``neurons``.
        home: the study in which names without a folder are looked up.

    Returns:
        The study and the run's id.

    Raises:
        InterpError: no such study, run or label; a run of another analysis, or not finished; or
            several runs that the text fits.
    """
    folder, name = (text, "") if _is_study(text) else text.rpartition(":")[::2]
    if not folder and "/" in text:
        folder, name = text, ""
    return _in_study(load_study(folder) if folder else home, name, part)


def _is_study(text: str) -> bool:
    return (Path(text).expanduser() / "study.json").is_file()


def _in_study(study: Study, name: str, part: str) -> tuple[Study, str]:
    analysis = ANALYSES[part]
    records = study.records()
    by_id = {record.run_id: record for record in records}
    if name in by_id:
        _check_run(by_id[name], analysis, study)
        return study, name
    current = current_ids(records)
    fitting = [r for r in records if r.spec["analysis"] == analysis and r.run_id in current]
    labels = sorted({record.spec["label"] for record in fitting})
    if name and name not in labels:
        raise unknown(
            f"run or label with {analysis} in study {study.path}",
            name,
            [*labels, *(record.run_id for record in fitting)] or [_none(analysis)],
        )
    chosen = [record for record in fitting if not name or record.spec["label"] == name]
    if len(chosen) != 1:
        known = ", ".join(record.run_id for record in chosen) or _none(analysis)
        what = f"label {name!r}" if name else "no run named"
        raise InterpError(
            f"{what} in study {study.path}: expected one {analysis} run, it has {known}; "
            f"name one by its run_id"
        )
    return study, chosen[0].run_id


def _none(analysis: str) -> str:
    return f"(no {analysis} run yet: interp {analysis} makes one)"


def _check_run(record: RunRecord, analysis: str, study: Study) -> None:
    found = record.spec["analysis"]
    if found != analysis:
        known = [r.run_id for r in study.records() if r.spec["analysis"] == analysis and r.finished]
        raise InterpError(
            f"run {record.run_id} is a run of {found}: expected one of {analysis}, this study has "
            f"{', '.join(known) or _none(analysis)}"
        )
    if not record.finished:
        raise InterpError(
            f"run {record.run_id} is not finished: run its command again to go on with it"
        )


def read_source(study: Study, run_id: str, part: str, options: AblationOptions) -> Source:
    """Read heads or neurons from a run.

    Args:
        study: the study.
        run_id: a finished LAHIS (heads) or LAPE (neurons) run.
        part: ``heads`` or ``neurons``.
        options: which of them are taken (``sets``, ``assignment``).

    Returns:
        The heads or neurons and where they come from.

    Raises:
        InterpError: no such run, a run of another analysis or not finished, an assignment that
            the run's options do not allow, or an imported run that names no neuron.
    """
    study, run_id = _in_study(study, run_id, part)
    record = next(record for record in study.records() if record.run_id == run_id)
    arguments = record.spec["arguments"]
    if part == "heads":
        scores = score_matrices(study, run_id)
        places = head_places(scores, LahisOptions.of_run(arguments), options.sets)
        n_layers, width = next(iter(scores.values())).shape
    elif (listed := read_listed(study, run_id)) is not None:
        places, n_layers, width = _listed_places(listed, run_id, options)
    else:
        if (
            options.assignment == "threshold"
            and LapeOptions.of_run(arguments).filter_quantile is None
        ):
            raise InterpError(
                f"run {run_id} selected its neurons without a percentile filter, so assignment "
                "'threshold' has no cut: expected assignment argmax (--assignment argmax)"
            )
        found = selection(study, run_id, assignment=options.assignment)
        places = neuron_places(found, options.sets)
        n_layers, width = found.entropy.shape
    notes = study.notes(run_id)
    about = notes.get("samples" if part == "heads" else "text", {})
    units = about.get("units")
    return Source(
        part=part,
        run_id=run_id,
        label=record.spec["label"],
        digest=record.data["digest"],
        corpus=about.get("corpus", "unknown"),
        places=places,
        n_layers=int(n_layers),
        width=int(width),
        units=None if units is None else tuple(units),
    )


def _listed_places(
    listed: Listed, run_id: str, options: AblationOptions
) -> tuple[dict[str, tuple[Place, ...]], int, int]:
    """Take the neurons of an imported run as they are: their languages cannot be chosen again."""
    if listed.places is None or listed.n_neurons is None:
        raise InterpError(
            f"run {run_id} was imported from counts per layer, which name no neuron: expected a "
            "run of interp lape, or an imported list"
        )
    if options.assignment != listed.assignment:
        raise InterpError(
            f"run {run_id} was imported with its neurons assigned by {listed.assignment}, and "
            f"{options.assignment} cannot be derived from the list: expected --assignment "
            f"{listed.assignment}"
        )
    places = dict(listed.places)
    if options.sets == "specific":
        specific = specific_heads(listed.places, "K-1")
        places = {lang: tuple(chosen) for lang, chosen in specific.items()}
    return places, listed.n_layers, listed.n_neurons
