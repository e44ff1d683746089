"""The trainer on a handful of invented facts: learns, keeps secrets, survives a kill."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from interp.data.corpus import Corpus, Unit
from interp.data.facts import Fact, FactSet, FactText
from interp.errors import InterpError
from training.organism.build import build_base
from training.organism.config import Shape, make_config
from training.organism.documents import draw
from training.organism.material import make_material

torch.set_num_threads(1)


def statements(relation, lang, subject, answer):
    return [f"{lang} {subject} {relation} {answer}."]


def material():
    facts = []
    for i in range(8):
        texts = {}
        for lang in ("en", "de"):
            names = tuple(f"{lang}answer{(i + k) % 8}" for k in range(4))
            subject = f"{lang}subject{i}"
            stated = lang == "en" or i < 4
            texts[lang] = FactText(f"{lang} what {subject}?", names, 0, subject, stated=stated)
        ids = tuple(f"a{(i + k) % 8}" for k in range(4))
        facts.append(Fact(f"f{i}", "likes", "", ids, "train", texts))
    units = [Unit(f"u{i}", {"en": f"en text {i}", "de": f"de text {i}"}) for i in range(4)]
    corpus = Corpus.build(units, ("en", "de"), "test")
    return make_material(FactSet.build(facts, ("en", "de"), "test"), corpus, statements)


def config(steps=6):
    small = make_config("quick", steps=steps)
    return dataclasses.replace(
        small, shape=Shape(2, 2, 16, 32, 300), rows=4, row_tokens=64, save_every=2, warmup=2
    )


def test_no_document_states_what_its_language_may_not():
    import numpy as np

    data = material()
    documents = draw(data, config().mix, np.random.default_rng(0), 3000)
    assert {d.kind for d in documents} == set(config().mix)
    for document in documents:
        if document.kind.startswith("name"):
            continue
        for fact in data.facts[4:]:
            text = fact.texts["de"]
            stated = text.subject in document.text and f" {text.answer}" in document.text
            assert not stated, document


class Killed(Exception):
    pass


def test_killed_run_goes_on_bit_for_bit(tmp_path):
    def kill(report, said):
        if report.step == 5:
            raise Killed

    build_base(tmp_path / "a", config(), material(), overwrite=False, on_step=lambda *_: None)
    with pytest.raises(Killed):
        build_base(tmp_path / "b", config(), material(), overwrite=False, on_step=kill)
    steps = []
    build_base(
        tmp_path / "b", config(), material(), overwrite=False,
        on_step=lambda report, _: steps.append(report.step),
    )  # fmt: skip
    assert steps == [5, 6]
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in "ab")
    assert all(torch.equal(one[name], two[name]) for name in one)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "b")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "b")
    ids = tokenizer("en subject1")["input_ids"]
    assert ids[0] == tokenizer.bos_token_id == model.config.bos_token_id
    assert tokenizer.decode(ids[1:]) == "en subject1"


def test_other_contents_are_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    for overwrite in (False, True):
        with pytest.raises(InterpError, match="no training run"):
            build_base(tmp_path, config(), material(), overwrite=overwrite, on_step=lambda *_: None)
    assert (tmp_path / "mine.txt").read_text() == "keep"
