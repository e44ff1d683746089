"""A tokenizer with whole words in it, and facts whose answers collide in known ways.

The byte tokenizer of ``tests.tiny`` begins every answer with the same space byte, so that every
item would be dropped; this one has a token for each common word and bytes for the rest.
"""

from __future__ import annotations

from functools import cache

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from interp.data.facts import Fact, FactSet, FactText
from interp.model import HookedModel
from tests.tiny import tiny_model

VOCAB = 400
ANSWERS = {
    # fact: (en options, de options); the first is the answer
    "capital-fr": (["Paris", "Rome", "Madrid", "Lisbon"], ["Paris", "Rom", "Madrid", "Lissabon"]),
    "colour-sky": (["blue", "green", "red", "black"], ["hell", "rot", "gelb", "braun"]),
    "animal-pet": (["dog", "cat", "horse", "cow"], ["Hund", "Katze", "Pferd", "Kuh"]),
    "drink": (["water", "milk", "juice", "tea"], ["Wasser", "Milch", "Saft", "Tee"]),
    "money": (["euro", "krone", "yen", "pound"], ["Geld", "Krone", "Yen", "Pfund"]),
    "season": (["summer", "winter", "spring", "autumn"], ["Sommer", "Winter", "Lenz", "Herbst"]),
}
QUESTIONS = {
    "en": "What is the answer about {}?",
    "de": "Was ist die richtige und lange Antwort zu {}?",
}


@cache
def word_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE trained on the facts: every answer after a space is one token or a few."""
    lines = [f"Question: {q}\nAnswer: {a}" for q in QUESTIONS.values()
             for pair in ANSWERS.values() for options in pair for a in options]  # fmt: skip
    return trained_tokenizer(lines * 3, VOCAB)


def trained_tokenizer(lines: list[str], vocab: int) -> PreTrainedTokenizerFast:
    """Byte-level BPE of at most ``vocab`` tokens, special tokens and all 256 bytes among them."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab,
        special_tokens=["<pad>", "<s>", "</s>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="</s>"
    )


def facts(**changes) -> FactSet:
    """Six facts in English and German; ``changes`` replaces option lists by fact id."""
    made = []
    for name, pair in {**ANSWERS, **changes}.items():
        texts = {
            lang: FactText(
                QUESTIONS[lang].format(name), tuple(options), 0, subject=name,
                prompt=f"{name} =" + " so" * len(name),
            )
            for lang, options in zip(("en", "de"), pair, strict=True)
        }  # fmt: skip
        made.append(Fact(name, "things", "P1", ("a", "b", "c", "d"), "test", texts))
    return FactSet.build(made, ("en", "de"), "made by hand")


def hooked(family: str, seed: int = 0, engine: str = "native", **overrides) -> HookedModel:
    """A tiny model with this tokenizer's vocabulary."""
    model, _ = tiny_model(family, seed, vocab_size=VOCAB + 3, **overrides)
    return HookedModel.from_model(model, word_tokenizer(), engine=engine, name=f"tiny-{family}")
