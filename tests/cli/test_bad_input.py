"""Bad input: one clear line, exit code 2, and what was computed before stays as it was."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import BertConfig, BertForMaskedLM

from tests.cli.conftest import fingerprint, refused
from tests.command import Interp
from tests.tiny import byte_tokenizer, tiny_model


def edited_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def missing_folder(folder: Path, source: Path) -> tuple[str, ...]:
    return "no/such/folder", "no such folder"


def not_a_model(folder: Path, source: Path) -> tuple[str, ...]:
    folder.mkdir()
    (folder / "notes.txt").write_text("hello")
    return "is not a model", "config.json"


def encoder_model(folder: Path, source: Path) -> tuple[str, ...]:
    config = BertConfig(
        vocab_size=259, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16,
    )  # fmt: skip
    BertForMaskedLM(config).save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    return "encoder", "bert"


def unknown_architecture(folder: Path, source: Path) -> tuple[str, ...]:
    shutil.copytree(source, folder)
    edited_config(folder, model_type="mamba")
    return "mamba", "gemma2", "olmo2", "YAML", "--architectures"


def adapter_without_base(folder: Path, source: Path) -> tuple[str, ...]:
    from peft import LoraConfig, get_peft_model

    model, _ = tiny_model("olmo2")
    get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj"])).save_pretrained(folder)
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "base_model_name_or_path": None}))
    return "adapter", "--base"


def wrong_tokenizer(folder: Path, source: Path) -> tuple[str, ...]:
    shutil.copytree(source, folder)
    tokenizer = byte_tokenizer().__class__.from_pretrained(source)
    tokenizer.add_tokens([f"<extra_{i}>" for i in range(50)])
    tokenizer.save_pretrained(folder)
    return "tokenizer", "264"


def no_tokenizer(folder: Path, source: Path) -> tuple[str, ...]:
    shutil.copytree(source, folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink(missing_ok=True)
    return ("tokenizer",)


def truncated_weights(folder: Path, source: Path) -> tuple[str, ...]:
    shutil.copytree(source, folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    return ("cannot be loaded",)


MODELS: tuple[Callable[[Path, Path], tuple[str, ...]], ...] = (
    missing_folder, not_a_model, encoder_model, unknown_architecture, adapter_without_base,
    wrong_tokenizer, no_tokenizer, truncated_weights,
)  # fmt: skip


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_bad_model(
    make: Callable[[Path, Path], tuple[str, ...]],
    interp: Interp,
    checkpoint: Path,
    corpus: Path,
    study: Path,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "bad"
    words = make(folder, checkpoint)
    model = folder if folder.exists() else words[0]
    before = fingerprint(study)
    said = interp("lape", "--model", model, "--label", "bad", "--corpus", corpus, "--study", study)
    refused(said, *words)
    assert fingerprint(study) == before


def empty_corpus(folder: Path) -> tuple[str, ...]:
    for lang in ("en", "es"):
        (folder / f"{lang}.jsonl").write_text("")
    return ("empty",)


def language_missing(folder: Path) -> tuple[str, ...]:
    (folder / "en.jsonl").write_text('{"id": "a", "lang": "en", "text": "x y z"}\n')
    return "'es'", "en"


def malformed_jsonl(folder: Path) -> tuple[str, ...]:
    good = '{"id": "a", "lang": "en", "text": "x y z"}\n'
    (folder / "en.jsonl").write_text(good + '{"id": "b", "text": \n')
    (folder / "es.jsonl").write_text(good.replace("en", "es"))
    return "en.jsonl", "2"


def invalid_utf8(folder: Path) -> tuple[str, ...]:
    (folder / "en.jsonl").write_bytes(b'{"id": "a", "lang": "en", "text": "\xff\xfe"}\n')
    (folder / "es.jsonl").write_bytes(b'{"id": "a", "lang": "es", "text": "x"}\n')
    return "en.jsonl", "UTF-8"


@pytest.mark.parametrize(
    "make",
    [empty_corpus, language_missing, malformed_jsonl, invalid_utf8],
    ids=lambda make: make.__name__,
)
@pytest.mark.parametrize("analysis", ["lape", "lahis"])
def test_bad_corpus(
    analysis: str,
    make: Callable[[Path], tuple[str, ...]],
    interp: Interp,
    checkpoint: Path,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "text"
    folder.mkdir()
    words = make(folder)
    said = interp(
        analysis, "--model", checkpoint, "--corpus", folder, "--languages", "en,es",
        "--study", tmp_path / "study",
    )  # fmt: skip
    refused(said, *words)


def fact_line(options: list[str]) -> str:
    text = {"question": "Q?", "options": options, "answer_index": 0}
    fact = {
        "fact_id": "f1", "relation": "r", "property_id": "P1", "split": "test",
        "option_ids": [f"o{i}" for i in range(len(options))], "texts": {"en": text, "es": text},
    }  # fmt: skip
    return json.dumps(fact)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (fact_line(["a", "b", "c"]), ("f1", "four")),
        (fact_line(["a", "b", "B ", "d"]), ("f1",)),
        ('{"fact_id": \n', ("facts.jsonl", "1")),
        ("", ("facts.jsonl",)),
    ],
    ids=["three options", "options that fold together", "malformed", "empty"],
)
def test_bad_facts(
    content: str, words: tuple[str, ...], interp: Interp, checkpoint: Path, tmp_path: Path
) -> None:
    facts = tmp_path / "facts.jsonl"
    facts.write_text(content)
    said = interp(
        "lens", "--model", checkpoint, "--facts", f"jsonl:{facts}", "--study", tmp_path / "study"
    )
    refused(said, *words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--languages", "xx"), ("xx", "en")),
        (("--languages", "en,en"), ("twice",)),
        (("--languages", ","), ("--languages",)),
        (("--batch-size", "many"), ("--batch-size", "many")),
        (("--preset", "wang"), ("wang", "tang2024")),
        (("--engine", "jax"), ("jax", "native")),
        (("--dtype", "int7"), ("int7", "float32")),
        (("--device", "cuda"), ("cuda",)),
        (("--label", "../up"), ("../up",)),
        (("--budget", "most"), ("most", "min")),
        (("--activation", "tanh"), ("tanh", "gate")),
        (("--corpus", "nowhere"), ("nowhere",)),
        (("--base", "x"), ("--base",)),
    ],
    ids=lambda value: " ".join(value) if value and value[0].startswith("--") else "",
)
def test_bad_option(
    arguments: tuple[str, ...],
    words: tuple[str, ...],
    interp: Interp,
    checkpoint: Path,
    corpus: Path,
    study: Path,
) -> None:
    before = fingerprint(study)
    options = {"--corpus": str(corpus), arguments[0]: arguments[1]}
    flat = [part for pair in options.items() for part in pair]
    said = interp("lape", "--model", checkpoint, "--study", study, *flat)
    refused(said, *words)
    assert fingerprint(study) == before


def test_newer_schema(interp: Interp, checkpoint: Path, corpus: Path, study: Path) -> None:
    manifest = study / "study.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "schema_version": 99}))
    before = fingerprint(study)
    refused(interp("lape", "--model", checkpoint, "--corpus", corpus, "--study", study), "99")
    refused(interp("show", "--study", study), "99")
    assert fingerprint(study) == before


@pytest.mark.parametrize("target", ["/proc/study", "FILE/study"])
def test_target_that_cannot_be_written(
    target: str, interp: Interp, checkpoint: Path, corpus: Path, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    path = target.replace("FILE", str(file))
    refused(interp("lape", "--model", checkpoint, "--corpus", corpus, "--study", path), "study")


def test_show_of_nothing(interp: Interp, tmp_path: Path, study: Path) -> None:
    refused(interp("show", "--study", tmp_path / "none"), "no study")
    refused(interp("show", "--study", study, "--run", "nope"), "nope")
