"""Every claim beside what a study gives: reported, reproduced, verdict, reason."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from interp.claims.claim import EACH, Claim
from interp.claims.compared import Compared, Lacking
from interp.claims.found import entries_of
from interp.claims.judge import NOT_COMPUTED, OTHER_DATA, OTHER_MODEL, judge, taken
from interp.claims.roles import Cast, cast_roles
from interp.claims.statistics import set_of, without_set
from interp.claims.whose import names_in, other_model, refuse_contradiction
from interp.comparison.rows import EVERYTHING
from interp.study import Study

COLUMNS = (
    "id", "claim", "source", "model", "study_model", "label_model", "base", "label", "of", "analysis", "preset", "data",
    "statistic", "lang", "other_lang", "layer", "quantity", "unit", "digits", "signed", "reported", "value",
    "value_to", "ci_low", "ci_high", "verdict", "reason", "comparison", "design", "measured", "note",
    "base_run", "label_run", "file",
)  # fmt: skip
"""Columns of the table of claims. ``of`` is the label in the claim's role: a level of the base stands in a
comparison with some other ``label``. ``signed``: the number is a change. ``study_model`` and ``label_model`` are what the runs of the study's
base and of ``label`` call their models. ``value`` to ``ci_high`` are in ``unit``; ``value_to`` is the upper end
of a range; ``data`` is the data_hash of the base's run; ``comparison`` is the verdict of the comparison: a reproduced number may still be noise."""


def check_claims(
    study: Study,
    claims: Sequence[Claim],
    *,
    chosen: Mapping[str, str] | None = None,
    model: str | None = None,
    compute: bool = True,
) -> pd.DataFrame:
    """Hold claims against a study.

    All numbers come from the study's comparisons (`interp.comparison.compare`); what is not
    compared yet is, unless told otherwise.

    Args:
        study: the study.
        claims: from `interp.claims.read_claims`.
        chosen: role to label, where the labels or stages do not say it.
        model: name of the model that the study's base is, where its runs do not say it.
        compute: whether to compare what has not been compared.

    Returns:
        A row per claim, and per preset and data where the study has runs of several; columns ``COLUMNS``.

    Raises:
        InterpError: for a chosen role or label that is not there, and a ``model`` that is not the one
            the base's runs name.
    """
    compared = Compared(study, compute)
    roles = ["base", *(role for claim in claims for role in (claim.base, claim.role))]
    cast = cast_roles(compared.runs, roles, chosen or {})
    known = tuple(dict.fromkeys(claim.model for claim in claims))
    root = cast.labels.get("base")
    if model and root:
        refuse_contradiction(model, root, compared.names(root), known)
    rows = [row for claim in claims for row in _claim_rows(claim, cast, compared, model, known)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"layer": "Int64"})


def _claim_rows(
    claim: Claim, cast: Cast, compared: Compared, model: str | None, known: Sequence[str]
) -> Iterator[dict[str, Any]]:
    try:
        found = list(_pairs(claim, cast, compared))
    except Lacking as lacking:
        label = cast.labels.get(claim.role)
        labels = {"base": cast.labels.get(claim.base), "label": label, "of": label}
        yield {**_claimed(claim), **labels, "verdict": NOT_COMPUTED, "reason": str(lacking)}
        return
    for rows in found:
        yield {**_claimed(claim), **_held_against(claim, rows, cast, compared, model, known)}


def _claimed(claim: Claim) -> dict[str, Any]:
    return {
        "id": claim.id,
        "claim": claim.text,
        "reported": claim.reported_text,
        **{
            name: getattr(claim, name) or None
            for name in ("source", "model", "analysis", "statistic", "lang", "other_lang",
                         "quantity", "unit", "measured", "note", "file")
        },
        "layer": claim.layer,
        "digits": claim.digits,
        "signed": claim.is_change,
    }  # fmt: skip


def _pairs(claim: Claim, cast: Cast, compared: Compared) -> Iterator[pd.DataFrame]:
    """Yield the rows of comparisons that a claim is looked for in, preset by preset and data by data."""
    for role in dict.fromkeys((claim.role, claim.base)):
        if reason := cast.reason(role):
            raise Lacking(reason)
    base, label = cast.labels[claim.base], cast.labels[claim.role]
    if base == label and claim.role != claim.base:
        raise Lacking(f"{claim.base} and {claim.role} are both {base}")
    others = [label] if label != base else _partners(base, cast, compared)
    seen: dict[tuple[str, str], list[pd.DataFrame]] = {}
    lacking = Lacking(
        f"a level stands in a comparison, and the study has nothing to compare {base} with"
    )
    for other in others:
        try:
            rows = compared.rows(base, other, claim.analysis)
        except Lacking as reason:
            lacking = reason
            continue
        presets = list(dict.fromkeys(rows["preset"]))
        if claim.preset and claim.preset not in presets:
            lacking = Lacking(f"no runs of preset {claim.preset}, only of {', '.join(presets)}")
            continue
        for (preset, data), own in rows.groupby(["preset", "data"], sort=False):
            if preset == claim.preset or not claim.preset:
                seen.setdefault((str(preset), str(data)), []).append(own)
    if not seen:
        raise lacking
    for candidates in seen.values():
        yield max(candidates, key=lambda rows: _fitness(claim, rows, base, compared))


def _fitness(claim: Claim, rows: pd.DataFrame, base: str, compared: Compared) -> tuple[int, ...]:
    """Rank the comparisons that a level of the base stands in; the first of equals is taken.

    It must not hang on which partner comes first: one that gives the number comes before one that
    does not, then one that shares the languages of the claim (or else all of the base's run), then the
    one that shares most languages, then most units.
    """
    own = compared.languages(str(rows["base_run"].iloc[0]))
    languages = _shared(rows, compared)
    known = bool(taken(claim, entries_of(claim, rows, base, languages)))
    fits = set(languages) == set(claim.languages or own)
    return known, fits, len(languages), int(rows["n"].max())


def _shared(rows: pd.DataFrame, compared: Compared) -> list[str]:
    """List the languages of both runs, in the order of the base's."""
    base_run, label_run = (str(rows[name].iloc[0]) for name in ("base_run", "label_run"))
    there = compared.languages(label_run)
    return [lang for lang in compared.languages(base_run) if lang in there]


def _partners(base: str, cast: Cast, compared: Compared) -> list[str]:
    """List what the base can be compared with, the labels that play a role first."""
    every = [*cast.labels.values(), *sorted(compared.runs["label"].unique())]
    return [one for one in dict.fromkeys(every) if one != base]


def _held_against(
    claim: Claim,
    rows: pd.DataFrame,
    cast: Cast,
    compared: Compared,
    model: str | None,
    known: Sequence[str],
) -> dict[str, Any]:
    first = rows.iloc[0]
    base_run, label_run = str(first["base_run"]), str(first["label_run"])
    languages = _shared(rows, compared)
    entries = entries_of(claim, rows, cast.labels[claim.role], languages)
    verdict, reason = judge(claim, entries)
    if not entries:
        reason = _absent(claim, rows, compared)
    numbers = taken(claim, entries)
    one = entries[0] if len(entries) == 1 else None
    root = cast.labels.get("base", str(first["base"]))
    if model:
        refuse_contradiction(model, root, names_in(root, rows, compared), known)
    if numbers:
        own = cast.labels[claim.role] if claim.quantity == "level" else None
        elsewhere = other_model(claim, root, own, rows, compared, model, known)
        if elsewhere:
            verdict, reason = OTHER_MODEL, elsewhere
        elif other := _other_data(claim, languages, compared.sources(base_run)):
            verdict, reason = OTHER_DATA, other
    return {
        "study_model": model or ", ".join(names_in(root, rows, compared)) or None,
        "label_model": ", ".join(names_in(str(first["label"]), rows, compared)) or None,
        "base": first["base"],
        "label": first["label"],
        "of": cast.labels[claim.role],
        "preset": first["preset"],
        "data": first["data"],
        "value": numbers[0] if numbers else None,
        "value_to": numbers[1] if len(numbers) > 1 else None,
        "ci_low": one.low if one else None,
        "ci_high": one.high if one else None,
        "verdict": verdict,
        "reason": reason,
        # what the base's own level is says nothing of a change
        "comparison": one.verdict if one and cast.labels[claim.role] != first["base"] else None,
        "design": first["design"],
        "base_run": base_run,
        "label_run": label_run,
    }


def _absent(claim: Claim, rows: pd.DataFrame, compared: Compared) -> str:
    """Say why a comparison has no entry for a claim."""
    refused = rows[rows["statistic"] == EVERYTHING]
    if len(refused):
        return str(refused["reason"].iloc[0])
    runs = [str(rows[name].iloc[0]) for name in ("base_run", "label_run")]
    there = _shared(rows, compared)
    title = without_set(claim.statistic)[1]
    asked = {claim.lang, claim.other_lang} - {None, EACH}
    if asked - set(there) or (title and not set_of(title, there)):
        return f"not among the languages of both runs ({' '.join(there)})"
    missing = dict.fromkeys(
        text
        for run in runs
        for text in (compared.notes(run).get("imported") or {}).get("missing", ())
    )
    lacks = f"; the imported files lack {', '.join(missing)}" if missing else ""
    return f"the comparison of these runs has no {claim.statistic}{lacks}"


def _other_data(claim: Claim, languages: list[str], sources: list[str]) -> str:
    """Say what else was measured than what the claim is about; empty where nothing is known to be."""
    if claim.languages and set(languages) != set(claim.languages):
        return f"over {' '.join(languages)}; claimed over {' '.join(claim.languages)}"
    words = [word for one in sources for word in re.split(r"[^a-z0-9]+", one.lower())]
    if claim.data and words and not any(word.startswith(claim.data.lower()) for word in words):
        return f"measured on {', '.join(sources)}; claimed on {claim.data}"
    return ""
