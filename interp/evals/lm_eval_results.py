"""What lm-evaluation-harness says of every document, as rows of ``predictions``; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from interp.data.languages import LANGUAGES, looks_like_code, normalise
from interp.errors import InterpError

UNDETERMINED = "und"
"""Language code where neither document nor task says the language (BCP 47)."""

_DECIDING = ("acc", "exact_match")
_KEYS = ("lang", "language")

Samples = Sequence[Mapping[str, Any]]


def metric_values(samples: Samples) -> dict[str, NDArray[np.float64]]:
    """Collect the metrics that a document has by itself.

    Args:
        samples: the harness's samples of one task, one per filter and document.

    Returns:
        ``metric,filter`` (the harness's own key) to values ``[document]``; metrics that only exist
        for a whole task (F1, perplexity) are absent.
    """
    found: dict[str, list[float]] = {}
    refused = set()
    for sample in samples:
        for metric in sample["metrics"]:
            key = f"{metric},{sample['filter']}"
            value = sample[metric]
            if isinstance(value, int | float | np.number):
                found.setdefault(key, []).append(float(value))
            else:
                refused.add(key)
    counts = {
        name: sum(sample["filter"] == name for sample in samples)
        for name in {sample["filter"] for sample in samples}
    }
    return {
        key: np.array(values)
        for key, values in found.items()
        if key not in refused and len(values) == counts[key.split(",", 1)[1]]
    }


def deciding_metric(values: Mapping[str, NDArray[np.float64]]) -> str | None:
    """Choose what decides whether a document counts as correct.

    Args:
        values: of `metric_values`.

    Returns:
        The key of ``acc``, else of ``exact_match``, else of the first metric that is 0 or 1
        everywhere; of several filters the first. None where no metric is.
    """
    binary = [key for key, value in values.items() if np.isin(value, (0.0, 1.0)).all()]
    for name in _DECIDING:
        for key in binary:
            if key.split(",")[0] == name:
                return key
    return binary[0] if binary else None


def has_own_id(document: Any) -> bool:
    """Whether a document brings the fact's id, as in tasks that ``interp export lm-eval`` wrote."""
    return isinstance(document, Mapping) and isinstance(document.get("fact_id"), str)


def prediction_rows(
    name: str,
    samples: Samples,
    config: Mapping[str, Any],
    n_tokens: Mapping[tuple[str, str], int],
) -> list[dict[str, Any]]:
    """Lay the samples of one task out as rows of ``predictions``.

    Args:
        name: the task.
        samples: the harness's samples.
        config: the task's configuration.
        n_tokens: tokens of every scored continuation, by its context and text.

    Returns:
        One row per document, ``fact_id`` being the document's own where it brings one, else its
        number; none where no metric decides. ``chosen`` only where ``acc`` decides, since the
        option with the highest sum is its choice and no other metric's.

    Raises:
        InterpError: a score that is not finite.
    """
    key = deciding_metric(metric_values(samples))
    if key is None:
        return []
    metric, chosen_filter = key.split(",", 1)
    task_language = _task_language(name, config)
    rows = []
    for sample in samples:
        if sample["filter"] != chosen_filter:
            continue
        document = sample["doc"] if isinstance(sample["doc"], Mapping) else {}
        own_id = document["fact_id"] if has_own_id(document) else sample["doc_id"]
        answer = _answer(name, sample, config, n_tokens)
        if metric != "acc":  # the highest sum is not what this metric chose
            answer.pop("chosen", None)
        rows.append(
            {
                "benchmark": name,
                "fact_id": str(own_id),
                "lang": _document_language(document) or task_language,
                "scores": None,
                "n_tokens": None,
                "n_bytes": None,
                "n_characters": None,
                "generated": None,
                "failure_mode": None,
                "chosen": None,
                "correct": bool(sample[metric]),
                **answer,
            }
        )
    return rows


def _answer(
    name: str,
    sample: Mapping[str, Any],
    config: Mapping[str, Any],
    n_tokens: Mapping[tuple[str, str], int],
) -> dict[str, Any]:
    """Give the scores of the options, or the generated text."""
    kind = config["output_type"]
    if kind == "generate_until":
        return {"generated": str(sample["resps"][0][0])}
    if kind != "multiple_choice":
        return {}
    requests = sample["arguments"]
    if "acc_mutual_info" in config_metrics(config):
        requests = requests[: len(requests) // 2]  # the rest score the options without a context
    scores = [
        float(responses[0][0]) for responses, _ in zip(sample["resps"], requests, strict=False)
    ]
    if not np.isfinite(scores).all():
        raise InterpError(
            f"lm-eval task {name}: the option scores of document {sample['doc_id']} are {scores}: "
            "expected finite numbers (did the checkpoint overflow? try --dtype float32)"
        )
    found: dict[str, Any] = {
        "scores": scores,
        "n_tokens": [n_tokens[request[0], request[1]] for request in requests],
        "chosen": int(np.argmax(scores)),
    }
    if len({request[0] for request in requests}) == 1:  # else the options are in the contexts
        glue = config.get("target_delimiter", " ")
        options = [request[1].removeprefix(glue) for request in requests]
        found["n_bytes"] = [len(option.encode()) for option in options]
        found["n_characters"] = [len(option) for option in options]
    return found


def config_metrics(config: Mapping[str, Any]) -> list[str]:
    """Name the metrics of a task's configuration."""
    return [str(entry.get("metric")) for entry in config.get("metric_list") or []]


def _document_language(document: Mapping[str, Any]) -> str | None:
    for key in _KEYS:
        value = document.get(key)
        if isinstance(value, str) and looks_like_code(value):
            return normalise(value)
    return None


def _task_language(name: str, config: Mapping[str, Any]) -> str:
    """Read a language off the task: its metadata, its data set's name, then its own name.

    A task's name counts only if exactly one of its parts is the code of a language of the suite,
    so that a word such as ``it`` or ``id`` is not taken for one beside a real code.
    """
    metadata = config.get("metadata")
    stated = _document_language(metadata) if isinstance(metadata, Mapping) else None
    if stated:
        return stated
    data = config.get("dataset_name")
    if isinstance(data, str) and looks_like_code(data) and normalise(data) in LANGUAGES:
        return normalise(data)
    parts = re.split(r"[_\-:]+", name.lower())
    # Of two letters the present codes only: the old one of Indonesian is the word "in".
    codes = {normalise(part) for part in parts if part in LANGUAGES or len(part) == 3}
    codes &= set(LANGUAGES)
    return codes.pop() if len(codes) == 1 else UNDETERMINED
