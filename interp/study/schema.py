"""The tables of a study, as data: columns, kinds and which may be empty.

Every table is long form, and its ``run_id`` joins it to ``runs``. A frame is held against its
schema when it is written, so that readers never meet an unexpected column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SCHEMA_VERSION = 2
"""The version of the folder layout and of the tables below; a reader refuses a newer one."""

KINDS = ("str", "int", "float", "bool", "list[str]", "list[int]", "list[float]")


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: the column's name.
        kind: one of ``KINDS``. ``int`` is 64-bit, ``float`` is double.
        empty: whether a cell may be empty (``None``, NaN).
        optional: whether a writer may leave the column out; it is then stored empty.
        meaning: what it says, with its unit and base.
    """

    name: str
    kind: str
    meaning: str
    empty: bool = False
    optional: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"column {self.name!r} has kind {self.kind!r}: not in {KINDS}")
        if self.optional and not self.empty:
            raise ValueError(f"column {self.name!r} is optional, so it must allow empty cells")


@dataclass(frozen=True)
class TableSchema:
    """One table: its columns in order, and where it lives.

    Attributes:
        name: the table's name, also its file's stem.
        about: one sentence on a row.
        columns: the columns, in stored order.
        place: ``run`` (a file in every run's folder), ``facts`` (one file per fact set) or
            ``study`` (one file in the study's folder).
    """

    name: str
    about: str
    columns: tuple[Column, ...]
    place: str = "run"

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in stored order."""
        return tuple(column.name for column in self.columns)


def _column(text: str) -> Column:
    """Read ``name kind[?][*] meaning``: ``?`` may be empty, ``*`` optional (and may be empty)."""
    name, kind, meaning = text.split(maxsplit=2)
    optional, empty = kind.endswith("*"), kind.endswith(("?", "*"))
    return Column(name, kind.rstrip("?*"), meaning, empty, optional)


def _table(name: str, about: str, *columns: str, place: str = "run") -> TableSchema:
    lead = ("run_id str the run that wrote the row",) if place == "run" else ()
    return TableSchema(name, about, tuple(_column(c) for c in (*lead, *columns)), place)


_LAYER = "layer int 0-based layer"
_LANG = "lang str language code"
_LENS_POINT = (
    "layer int 0 is the embeddings, l the stream after block l (1-based), L the last block's",
    "point str* `post` (empty means the same) or `mid`, between attention and MLP of block `layer`",
)

_ALL = (
    _table(
        "facts",
        "one fact in one language",
        "data_hash str the fact set it belongs to, as in `runs`",
        "fact_id str the fact, the same in every language",
        "relation str what is asked, e.g. `currency`",
        "property_id str Wikidata-like property",
        "split str train, validation or test",
        _LANG,
        "subject str what is asked about",
        "question str the question",
        "options list[str] the options' texts, in the order of `option_ids`",
        "option_ids list[str] the options, the same order in every language",
        "answer_index int 0-based index of the answer among the options",
        "answer str the answer's text",
        "stated bool? whether this language's training text states the fact",
        "is_proper_noun bool? whether the answer is a proper noun",
        "prompt str* a cloze prompt already complete (KLAR)",
        place="facts",
    ),
    _table(
        "lens_ranks",
        "the rank of one token at one point for one fact",
        "fact_id str the fact",
        _LANG,
        *_LENS_POINT,
        "role str en, target or distractor",
        "token_id int vocabulary id (of a prefix set: its best-ranked token)",
        "token str the token's text",
        "token_rule str first, last or prefix_set",
        "rank float tokens with a strictly larger logit (0-based; halves only under ties=mean)",
        "logprob float natural log-probability",
        "n_subtokens int sub-tokens of the answer",
    ),
    _table(
        "lens_top",
        "one of the five most likely tokens at one point for one fact",
        "fact_id str the fact",
        _LANG,
        *_LENS_POINT,
        "place int 1 is the most likely",
        "token_id int vocabulary id",
        "token str the token's text",
        "logprob float natural log-probability",
    ),
    _table(
        "head_scores",
        "LAHIS score of one attention head for one language",
        _LANG,
        _LAYER,
        "head int 0-based query head",
        "score float the LAHIS score",
        "ci_low float? lower end of the 95 % bootstrap interval (empty under adamw)",
        "ci_high float? upper end",
        "n_samples int samples behind the score",
    ),
    _table(
        "neurons",
        "one neuron, or one neuron and language where a neuron may have several",
        _LAYER,
        "neuron int 0-based neuron of the layer's MLP",
        "entropy float? in nats; infinity where the neuron never fired or was filtered out; empty where an imported list does not say",
        "lang str? the language it belongs to (empty where it has none)",
        "selected bool whether it is among the language neurons",
        "n_active int? tokens on which it was active, all languages together; empty where an imported list does not say",
    ),
    _table(
        "neuron_probs",
        "activation probability of one neuron in one language",
        _LAYER,
        "neuron int 0-based neuron of the layer's MLP",
        _LANG,
        "p_active float share of tokens on which it was active",
        "n_tokens int tokens of the language",
    ),
    _table(
        "neuron_examples",
        "one of the texts that excite a selected neuron most, in one language",
        _LAYER,
        "neuron int 0-based neuron of the layer's MLP",
        _LANG,
        "rank int 0 is the most exciting",
        "text str the text",
        "tokens list[str] its tokens, as pieces that join to the text (one that ends within a character is empty)",
        "activations list[float] the neuron's activation on each token",
    ),
    _table(
        "predictions",
        "one model answer to one fact in one language",
        "benchmark str polyfact, klar, ...",
        "fact_id str the fact",
        _LANG,
        "scores list[float]? per option: sum of log-probabilities, in the order of `option_ids`",
        "n_tokens list[int]? per option: tokens",
        "n_bytes list[int]? per option: UTF-8 bytes",
        "n_characters list[int]? per option: characters",
        "generated str? generated text, where the benchmark generates",
        "correct bool whether it counts as correct",
        "failure_mode str? how it failed (methods: taxonomy)",
        "correct_strict bool* generated text only: whether it equals the answer",
        "chosen int* scored options only: 0-based index of the best among the options",
        "relation str* what is asked",
        "target str* the true answer in this language",
        "target_en str* the true answer in English",
    ),
    _table(
        "attention",
        "where the stored attention pattern of one head on one sample is",
        _LAYER,
        "head int 0-based query head",
        _LANG,
        "sample_id str the sample",
        "tokens list[str] its tokens",
        "tensor_key str key in the run's `attention` tensors",
    ),
    _table(
        "ablations",
        "what ablating one language's heads or neurons does to one language",
        "source_lang str whose heads or neurons are ablated",
        "lang str on whose text the loss is measured",
        "kind str heads, neurons, random or layer-matched",
        "draw int* number of the random set (controls; empty: the language's own, or all draws)",
        "n_ablated int* heads or neurons in the set",
        "delta_nll float nats per token, ablated minus intact (chunk_ppl: log of the ratio of mean perplexities)",
        "ci_low float? lower end of the 95 % interval",
        "ci_high float? upper end",
        "n_tokens int predicted tokens of the measurement",
        "delta_accuracy float* share of facts answered correctly, ablated minus intact; of controls over n_fact_controls draws",
        "accuracy_low float* lower end of its 95 % interval",
        "accuracy_high float* upper end",
        "n_facts int* facts behind it",
    ),
    _table(
        "similarity",
        "how alike one layer represents two languages",
        _LENS_POINT[0],
        "lang str language whose units ask",
        "other_lang str the other language, whose units answer",
        "cosine float mean cosine of aligned units",
        "retrieval float share of units whose nearest neighbour, of all units, is their translation",
        "block int block of text, as in `counts` of LAPE",
        "n_units int* units in the block",
        "cosine_other float* mean cosine with the other language's other units (the baseline)",
    ),
    _table(
        "train_log",
        "one logged number of a training run",
        "step int optimiser step",
        "metric str reward, kl, ...",
        "lang str? language code, empty for all",
        "value float the number",
    ),
    _table(
        "comparisons",
        "one statistic of one checkpoint against the base",
        "study str the study",
        "base str label of the base",
        "label str label of the other checkpoint",
        "analysis str lape, lahis, lens, mcq, klar or similarity",
        "preset str preset of the two runs; empty in a row that says why there are none",
        "data str data_hash of the base's run; empty in such a row",
        "statistic str what is compared; `(all)` in the one row of runs that cannot be compared",
        "kind str difference (label minus base), distance (0 is none) or likeness (1 is none)",
        "lang str? language code, empty for all",
        "other_lang str? second language of a pair",
        "layer int? 0-based layer; of a distance over layers, where it is largest; empty for all",
        "head int? 0-based query head, empty for all",
        "value float? the statistic; empty where it cannot be computed",
        "signed_value float? of a distance that has a direction, with its sign; of a difference, itself",
        "ci_low float? lower end of the value's 95 % interval",
        "ci_high float? upper end",
        "base_value float? level of the base, where the statistic is a difference of levels",
        "base_low float? lower end of its 95 % interval",
        "base_high float? upper end",
        "label_value float? level of the other checkpoint",
        "label_low float? lower end of its 95 % interval",
        "label_high float? upper end",
        "noise_floor float? 95th percentile (of a likeness the 5th) between halves of the base",
        "p float? permutation p-value, add-one rule",
        "p_adjusted float? after Holm over languages or pairs; of maps of heads by the largest entry",
        "verdict str beyond noise, within noise, not enough data or not comparable",
        "reason str why, in words",
        "n int blocks, samples or facts behind it, of the checkpoint that has fewer",
        "unit str blocks, samples, facts or lists (only what was selected is known)",
        "behind int? what else stands behind it: selected neurons, top heads, or facts of the language",
        "design str paired (the same units for both), unpaired, or lists",
        "notes str what differs between the runs or was left out; empty where nothing",
        "base_run str run_id of the base",
        "label_run str run_id of the other checkpoint",
        "seed int seed of the resampling",
        "method str how much was drawn",
        "code_version str of interp, when the row was computed",
        "code_hash str of the sources that compare: a row of other code is computed again",
        place="study",
    ),
)

TABLES: Mapping[str, TableSchema] = MappingProxyType({table.name: table for table in _ALL})
"""Every table that a study may hold, by name."""
