"""How the study's numbers were made, a paragraph per analysis, from the options of its runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from interp.figures.captions import short_hash
from interp.importers.imported import NOTE
from interp.importers.imported import PRESET as IMPORTED
from interp.plates.view import View
from interp.plates.words import count
from interp.presets import PRESETS, note
from interp.report.cells import cell_text
from interp.report.evidence import ANALYSES
from interp.report.measured import MEASURED
from interp.report.references import GRPO, LORA, OF_ANALYSIS
from interp.report.words import listed


@dataclass(frozen=True)
class Method:
    """What was done in one analysis, in one way.

    Attributes:
        analysis: its name in the study.
        title: what a reader calls it.
        paragraph: what was computed, from the options.
        details: runs, data, options that depart from the default; notes that results must carry.
        works: keys of the works whose method it is.
    """

    analysis: str
    title: str
    paragraph: str
    details: tuple[str, ...]
    works: tuple[str, ...]


def methods(view: View) -> tuple[Method, ...]:
    """Describe every analysis of the checkpoints shown; one that was made in two ways, twice.

    Args:
        view: the study, and what of it is shown.
    """
    runs = view.study.runs()
    runs = runs[runs["label"].isin(view.labels) & (runs["status"] == "current")]
    order = {name: at for at, name in enumerate(ANALYSES)}
    ways: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for run in sorted(runs.to_dict("records"), key=lambda one: _order(one, order, view)):
        spec = view.study.spec(run["run_id"])
        notes = view.study.notes(run["run_id"])
        ways.setdefault(_way(spec, notes), []).append(
            {**{str(name): one for name, one in run.items()}, "spec": spec, "notes": notes}
        )
    return tuple(_method(own) for own in ways.values())


def _order(run: Mapping[Any, Any], order: Mapping[str, int], view: View) -> tuple[int, str, int]:
    at = order.get(run["analysis"], len(order))
    return at, run["analysis"], view.labels.index(run["label"])


def _way(spec: Mapping[str, Any], notes: Mapping[str, Any]) -> tuple[Any, ...]:
    """What runs have in common that one paragraph describes: analysis, preset, options, data."""
    options = _options(spec)
    # imported content has a hash of its own for every checkpoint, and says nothing of the text
    data = "" if NOTE in notes else spec["data_hash"]
    return spec["analysis"], spec["preset"], str(sorted(options.items())), data


def _options(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a method among a run's arguments; of a training all of them."""
    arguments = spec["arguments"]
    table = PRESETS.get(spec["analysis"])
    if table is None:
        return dict(arguments)
    names = [field.name for field in fields(table["default"])]
    names += ["languages", "prompt_form", "part", "source_label"]
    return {name: arguments[name] for name in names if name in arguments}


def _method(own: list[dict[str, Any]]) -> Method:
    first = own[0]
    spec, notes = first["spec"], first["notes"]
    analysis = spec["analysis"]
    options = _options(spec)
    describe: Callable[[Mapping[str, Any]], str] = MEASURED.get(analysis, _unknown)
    details = [_of_runs(own), _of_data(notes, options), *_of_options(spec, options)]
    details += [_sentence(one) for one in _notes(own)]
    return Method(
        analysis=analysis,
        title=ANALYSES.get(analysis, analysis),
        paragraph=describe(options),
        details=tuple(filter(None, details)),
        works=_works(analysis, options),
    )


def _unknown(options: Mapping[str, Any]) -> str:
    return ""


def _of_runs(own: list[dict[str, Any]]) -> str:
    labels = list(dict.fromkeys(one["label"] for one in own))
    seeds = sorted({str(one["seed"]) for one in own})
    data = list(dict.fromkeys(short_hash(one["data_hash"]) for one in own))
    return (
        f"{'Checkpoint' if len(labels) == 1 else 'Checkpoints'} {listed(labels)}; preset "
        f"{own[0]['preset']}; data {listed(data)}; seed {listed(seeds)}."
    )


def _of_data(notes: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    """Say which text or facts, how much of them, in which languages."""
    parts = []
    about = notes.get("text") or notes.get("samples") or {}
    if isinstance(about, Mapping) and about.get("corpus"):
        parts.append(f"text {about['corpus']}")
        for name, one, many in (("n_blocks", "block", ""), ("n_samples", "sample", "")):
            if isinstance(about.get(name), int):
                parts.append(count(about[name], one, many))
        tokens = about.get("tokens")
        if isinstance(tokens, Mapping) and tokens:
            least, most = min(tokens.values()), max(tokens.values())
            span = f"{least:,}" if least == most else f"{least:,} to {most:,}"
            parts.append(f"{span} tokens per language")
    items = notes.get("items")
    if isinstance(items, list) and items and all("facts" in one for one in items):
        counts = sorted({int(one.get("kept", one["facts"])) for one in items})
        span = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
        parts.append(f"{span} facts per language")
    languages = options.get("languages")
    if languages:
        parts.append(f"{count(len(languages), 'language')} ({', '.join(languages)})")
    return f"Measured on {'; '.join(parts)}." if parts else ""


def _of_options(spec: Mapping[str, Any], options: Mapping[str, Any]) -> list[str]:
    """Name the options that are not the default's, and which of them the preset sets."""
    table = PRESETS.get(spec["analysis"])
    if table is None:
        named = "; ".join(f"{name} {cell_text(value)}" for name, value in sorted(options.items()))
        return [f"Settings: {named}."] if named else []
    usual, own = table["default"], table.get(spec["preset"])
    by_preset, by_hand = [], []
    for field in fields(usual):
        if field.name not in options:
            continue
        value, default = options[field.name], getattr(usual, field.name)
        if value == default and (own is None or value == getattr(own, field.name)):
            continue
        named = f"{field.name} {_value(value)} (default {_value(default)})"
        if own is not None and value == getattr(own, field.name):
            by_preset.append(named)
        else:
            by_hand.append(named)
    if spec["preset"] == IMPORTED:
        return [f"Options that the file is known or taken to stand for, beside the default's: {'; '.join(by_hand)}."] if by_hand else []  # fmt: skip
    said: list[str] = []
    if by_preset:
        said.append(f"Preset {spec['preset']} departs from the default: {'; '.join(by_preset)}.")
    if by_hand:
        beside = "" if spec["preset"] == "default" else f" beside preset {spec['preset']}"
        said.append(f"Chosen{beside}: {'; '.join(by_hand)}.")
    return said or ["All options are the default's."]


def _value(value: Any) -> str:
    return "none" if value is None else cell_text(value)


def _notes(own: list[dict[str, Any]]) -> list[str]:
    """What results must carry: the preset's sentence, caveats of imported files, notices of runs."""
    found = [note(own[0]["analysis"], own[0]["preset"])]
    for one in own:
        imported = one["notes"].get(NOTE)
        if isinstance(imported, Mapping):
            found.append(f"imported from {imported.get('format', 'a file')}")
            found.append(str(imported.get("caveat", "")))
            missing = imported.get("missing") or ()
            found.append(f"the file lacks {'; '.join(missing)}" if missing else "")
        notices = one["notes"].get("notices") or ()
        found += [str(notice) for notice in notices if isinstance(notice, str)]
    return list(dict.fromkeys(filter(None, found)))


def _sentence(text: str) -> str:
    said = f"{text[0].upper()}{text[1:]}"
    return said if said.endswith((".", "!", "?")) else f"{said}."


def _works(analysis: str, options: Mapping[str, Any]) -> tuple[str, ...]:
    if analysis != "train":
        return OF_ANALYSIS.get(analysis, ())
    used = [LORA] if options.get("lora_rank") else []
    return (*used, *([GRPO] if "group_size" in options else []))


def comparison_methods(view: View) -> tuple[str, ...]:
    """Say how the stored comparisons were drawn; empty where there are none."""
    rows = view.compared()
    drawn = [one for one in pd.unique(rows["method"]) if one != "not computed"]
    seeds = sorted({str(one) for one in rows["seed"]})
    if not len(rows):
        return ()
    return (f"Drawn here: {'; '.join(drawn)}; seed {listed(seeds)}.",)
