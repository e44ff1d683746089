"""From the harness's samples to rows: which metric decides, which language, which lengths."""

from __future__ import annotations

import numpy as np
import pytest

from interp.errors import InterpError
from interp.evals.lm_eval_results import deciding_metric, metric_values, prediction_rows


def choice(doc_id: int, scores: list[float], acc: float, **changes) -> dict:
    """A multiple-choice sample as lm-eval 0.4.13 logs it."""
    options = changes.pop("options", ["a", "бб"])
    contexts = changes.pop("contexts", ["Q"] * len(options))
    return {
        "doc_id": doc_id,
        "doc": {},
        "arguments": list(zip(contexts, [f" {one}" for one in options], strict=True)),
        "resps": [[(score, False)] for score in scores],
        "filter": "none",
        "metrics": ["acc", "f1"],
        "acc": acc,
        "f1": (0, 1),
        **changes,
    }


CHOICE = {"output_type": "multiple_choice", "target_delimiter": " "}
TOKENS = {("Q", " a"): 1, ("Q", " бб"): 3, ("P", " a"): 2}


def test_a_row_per_document_with_the_option_and_its_lengths() -> None:
    samples = [choice(0, [-1.5, -1.0], 0.0), choice(1, [-0.25, -3.0], 1.0)]
    first, second = prediction_rows("xcopa_sw", samples, CHOICE, TOKENS)
    assert first["benchmark"] == "xcopa_sw"
    assert (first["fact_id"], second["fact_id"]) == ("0", "1")
    assert (first["lang"], first["correct"], first["chosen"]) == ("sw", False, 1)
    assert first["scores"] == [-1.5, -1.0]
    assert (first["n_tokens"], first["n_bytes"], first["n_characters"]) == ([1, 3], [1, 4], [1, 2])
    assert second["correct"] is True


def test_only_metrics_of_single_documents_are_kept() -> None:
    samples = [choice(0, [-1.0, -2.0], 1.0), choice(1, [-1.0, -2.0], 0.0)]
    values = metric_values(samples)
    assert list(values) == ["acc,none"]
    np.testing.assert_array_equal(values["acc,none"], [1.0, 0.0])


def test_options_that_stand_in_the_context_have_no_lengths() -> None:
    sample = choice(0, [-1.0, -2.0], 1.0, options=["a", "a"], contexts=["Q", "P"])
    (row,) = prediction_rows("winogrande", [sample], CHOICE, TOKENS)
    assert row["n_tokens"] == [1, 2]
    assert row["n_bytes"] is None and row["n_characters"] is None


def test_requests_without_context_are_no_options() -> None:
    config = {**CHOICE, "metric_list": [{"metric": "acc_mutual_info"}]}
    sample = choice(
        0, [-1.0, -2.0, -9.0, -8.0], 1.0, options=["a", "бб", "a", "бб"],
        contexts=["Q", "Q", "", ""],
    )  # fmt: skip
    (row,) = prediction_rows("t", [sample], config, TOKENS)
    assert row["scores"] == [-1.0, -2.0] and row["n_characters"] == [1, 2]


def test_of_two_filters_the_first_decides_and_the_text_is_kept() -> None:
    def generated(name: str, right: float) -> dict:
        return {
            "doc_id": 4, "doc": {}, "filter": name, "metrics": ["exact_match"], "exact_match": right,
            "resps": [["the answer is 7"]], "arguments": [("Q", {})],
        }  # fmt: skip

    rows = prediction_rows(
        "mgsm_direct_de",
        [generated("strict", 0.0), generated("flexible", 1.0)],
        {"output_type": "generate_until"},
        {},
    )
    assert [(row["generated"], row["correct"]) for row in rows] == [("the answer is 7", False)]
    assert rows[0]["scores"] is None and rows[0]["lang"] == "de"


def test_accuracy_decides_before_any_other_metric() -> None:
    ones = np.ones(2)
    assert deciding_metric({"acc_norm,none": ones, "acc,none": ones}) == "acc,none"
    assert deciding_metric({"bleu,none": ones * 0.5, "em,none": ones}) == "em,none"
    assert deciding_metric({"bleu,none": ones * 0.5}) is None
    assert prediction_rows("wikitext", [], {"output_type": "loglikelihood_rolling"}, {}) == []


@pytest.mark.parametrize(
    ("name", "config", "document", "lang"),
    [
        ("global_mmlu_full_sw_anatomy", {}, {}, "sw"),
        ("belebele_swh_Latn", {}, {}, "sw"),
        ("arc_easy", {}, {}, "und"),
        ("needle_in_haystack", {}, {}, "und"),
        ("wmt_en_de", {}, {}, "und"),
        ("some_task", {"dataset_name": "zh"}, {}, "zh"),
        ("some_task", {"dataset_name": "all"}, {}, "und"),
        ("some_task_en", {"metadata": {"lang": "bn"}}, {}, "bn"),
        ("some_task_en", {"metadata": {"lang": "bn"}}, {"language": "fra_Latn"}, "fr"),
        ("some_task_en", {}, {"language": "Swahili"}, "en"),
        ("some_task_en", {}, {"lang": "yo"}, "yo"),
    ],
)
def test_the_language_is_read_off_document_then_task(name, config, document, lang) -> None:
    sample = choice(0, [-1.0, -2.0], 1.0, doc=document)
    (row,) = prediction_rows(name, [sample], {**CHOICE, **config}, TOKENS)
    assert row["lang"] == lang


def test_the_documents_own_id_is_kept() -> None:
    sample = choice(0, [-1.0, -2.0], 1.0, doc={"fact_id": "cldr:currency:GF"})
    assert prediction_rows("t", [sample], CHOICE, TOKENS)[0]["fact_id"] == "cldr:currency:GF"


def test_a_score_that_is_no_number_is_refused() -> None:
    samples = [choice(3, [-1.0, float("nan")], 0.0)]
    with pytest.raises(InterpError, match=r"task t: the option scores of document 3 are"):
        prediction_rows("t", samples, CHOICE, TOKENS)


def test_another_metric_than_acc_leaves_the_choice_open() -> None:
    sample = choice(0, [-1.5, -1.0], 0.0, metrics=["acc_norm"], acc_norm=1.0)
    del sample["acc"], sample["f1"]
    (row,) = prediction_rows("xcopa_sw", [sample], CHOICE, TOKENS)
    assert row["correct"] is True  # by characters; the highest sum is the other option's
    assert row["chosen"] is None and row["scores"] == [-1.5, -1.0]
