"""Text and facts that cannot be read, or are not what the command needs."""

from __future__ import annotations

from collections.abc import Callable

from tests.cli.bad_inputs.case import Case, folder, text
from tests.cli.bad_inputs.world import Place, fact_line

_TEXT = "--model {checkpoint} --study {new} --corpus "
_FACTS = "--model {checkpoint} --study {new} --facts "
_GOOD = '{"id": "a", "lang": "en", "text": "x y z"}\n'


def units(
    en: str | bytes, es: str | bytes = _GOOD.replace('"en"', '"es"')
) -> Callable[[Place], None]:
    """A folder with en.jsonl and es.jsonl."""

    def make(where: Place) -> None:
        where.bad.mkdir()
        for name, content in (("en", en), ("es", es)):
            data = content if isinstance(content, bytes) else content.encode()
            (where.bad / f"{name}.jsonl").write_bytes(data)

    return make


def lines(**files: str) -> Callable[[Place], None]:
    """A folder of line-aligned files."""

    def make(where: Place) -> None:
        where.bad.mkdir()
        for name, content in files.items():
            (where.bad / f"{name}.txt").write_text(content)

    return make


def _with_options(options: list[str], **more: object) -> str:
    one = {"question": "Q?", "options": options, "answer_index": 0, **more}
    return fact_line(
        texts={"en": one, "es": one}, option_ids=[f"o{i}" for i in range(len(options))]
    )


def klar(content: str) -> Callable[[Place], None]:
    """KLAR's layout with one file of English."""

    def make(where: Place) -> None:
        (where.bad / "en").mkdir(parents=True)
        (where.bad / "en" / "capital.json").write_text(content)

    return make


def parquet_at(where: Place) -> None:
    """A table of something else, with the ending that polyfact reads."""
    import pandas as pd

    pd.DataFrame({"colour": ["red"]}).to_parquet(where.bad.with_suffix(".parquet"))


_BAD_TEXT = tuple(
    Case(f"{analysis}: {name}", f"{analysis} {_TEXT}{{bad}} --languages en,es", words, make)
    for analysis in ("lape", "lahis")
    for name, words, make in (
        ("corpus is empty", ("empty",), units("", "")),
        ("corpus lacks a language", ("es.jsonl", "empty"), units(_GOOD, "")),
        ("line is not JSON", ("en.jsonl:2", "JSON"), units(_GOOD + '{"id": "b", "text": \n')),
        ("line is not UTF-8", ("en.jsonl:1", "UTF-8"), units(b'{"id": "a", "text": "\xff"}\n')),
    )
)  # fmt: skip

CASES = (
    *_BAD_TEXT,
    Case("corpus: no such folder", f"lape {_TEXT}./nowhere", ("./nowhere",)),
    Case("corpus: unknown source", f"lape {_TEXT}wiki:en", ("wiki", "ted:")),
    Case("corpus: empty folder", f"similarity {_TEXT}{{bad}}", ("{bad}",), folder),
    Case("corpus: a file", f"lape {_TEXT}{{facts}}", ("{facts}",)),
    Case("corpus: text of another language", f"lape {_TEXT}{{bad}}", ("en.jsonl:1", "'fr'"),
         units(_GOOD.replace('"en"', '"fr"'))),
    Case("corpus: an id twice", f"lape {_TEXT}{{bad}}", ("en.jsonl:2", "'a'", "twice"),
         units(_GOOD + _GOOD)),
    Case("corpus: text is a number", f"lape {_TEXT}{{bad}}", ("en.jsonl:1", "text"),
         units('{"id": "a", "text": 3}\n')),
    Case("corpus: no unit in all languages", f"lape {_TEXT}{{bad}}", ("none of 2 units",),
         units(_GOOD.replace('"a"', '"b"'))),
    Case("corpus: JSON too deep", f"lape {_TEXT}{{bad}}", ("en.jsonl:1",),
         units("[" * 100_000 + "\n")),
    Case("corpus: file is a folder", f"lape {_TEXT}{{bad}}", ("{bad}",),
         lambda where: (where.bad / "en.jsonl").mkdir(parents=True)),
    Case("flores: lines do not match", f"lape {_TEXT}flores:{{bad}}", ("2 lines", "3"),
         lines(en="a\nb\nc\n", es="a\nb\n")),
    Case("ted: another file", f"lape {_TEXT}ted:{{facts}}", ("{facts}:1", "talk_id")),
    Case("ted: no such file", f"lahis {_TEXT}ted:nofile", ("nofile", "not there")),
    Case("corpus: one unit is no text for LAHIS", f"lahis {_TEXT}{{bad}}", ("{bad}",),
         units('{"id": "a", "lang": "en", "text": "x"}\n', '{"id": "a", "lang": "es", "text": "y"}\n'),
         loads=True),
    Case("--languages unknown", f"lape {_TEXT}{{corpus}} --languages xx", ("xx", "en")),
    Case("--languages twice", f"lape {_TEXT}{{corpus}} --languages en,en", ("en", "twice")),
    Case("--languages empty", f"lape {_TEXT}{{corpus}} --languages ,", ("--languages", "empty")),
    Case("--languages of one for LAPE", f"lape {_TEXT}{{corpus}} --languages en", ("en", "two")),
    Case("--languages of one for similarity", f"similarity {_TEXT}{{corpus}} --languages en",
         ("en", "two")),
    Case("--limit 0 units", f"lape {_TEXT}{{corpus}} --limit 0", ("--limit", "1")),
    Case("facts: unknown source", f"lens {_FACTS}nowhere", ("nowhere", "klar:FOLDER")),
    Case("facts: no such file", f"lens {_FACTS}jsonl:nofile", ("nofile", "not there")),
    Case("facts: a folder", f"lens {_FACTS}jsonl:{{bad}}", ("{bad}", "folder"), folder),
    Case("facts: empty file", f"lens {_FACTS}jsonl:{{bad}}", ("{bad}", "no fact"), text("")),
    Case("facts: not JSON", f"lens {_FACTS}jsonl:{{bad}}", ("{bad}:1", "JSON"), text('{"fact_id": \n')),
    Case("facts: not UTF-8", f"lens {_FACTS}jsonl:{{bad}}", ("{bad}:1", "UTF-8"), text(b"\xff\xfe\n")),
    Case("facts: three options", f"lens {_FACTS}jsonl:{{bad}}", ("f1", "four"),
         text(_with_options(["a", "b", "c"]))),
    Case("facts: options that fold together", f"lens {_FACTS}jsonl:{{bad}}", ("f1", "not distinct"),
         text(_with_options(["a", "b", "B ", "d"]))),
    Case("facts: answer out of range", f"lens {_FACTS}jsonl:{{bad}}", ("f1", "answer_index 4"),
         text(_with_options(["a", "b", "c", "d"], answer_index=4))),
    Case("facts: an id twice", f"eval mcq {_FACTS}jsonl:{{bad}}", ("{bad}:2", "'f1'", "line 1"),
         text(fact_line() * 2)),
    Case("facts: unknown split", f"eval mcq {_FACTS}jsonl:{{facts}} --split dev", ("dev", "validation")),
    Case("facts: split is empty", f"eval mcq {_FACTS}jsonl:{{facts}} --split train", ("train", "4")),
    Case("facts: unknown language", f"lens {_FACTS}jsonl:{{facts}} --languages xx", ("xx", "en")),
    Case("klar: no such folder", f"eval klar {_FACTS}klar:/nowhere", ("/nowhere", "not there")),
    Case("klar: another folder", f"eval klar {_FACTS}klar:{{corpus}}", ("{corpus}", "KLAR")),
    Case("klar: template without subject", f"eval klar {_FACTS}klar:{{bad}}",
         ("capital.json", "<subject>"), klar('{"prompt_templates": ["x"], "samples": []}')),
    Case("klar: template is a number", f"eval klar {_FACTS}klar:{{bad}}",
         ("capital.json", "template"), klar('{"prompt_templates": [3], "samples": []}')),
    Case("klar: sample is a text", f"eval klar {_FACTS}klar:{{bad}}", ("capital.json", "sample 1", "object"),
         klar('{"prompt_templates": ["<subject> <mask>"], "samples": ["x"]}')),
    Case("klar: template index out of range",
         f"eval klar {_FACTS}klar:{{klar}} --template-index 9", ("9", "template")),
    Case("polyfact: another table", f"eval mcq {_FACTS}polyfact:{{bad}}.parquet", ("translations",),
         parquet_at),
    Case("polyfact: no such file", f"eval mcq {_FACTS}polyfact:./no.parquet", ("no.parquet",)),
    Case("cloze form of facts without prompts",
         f"lens {_FACTS}jsonl:{{facts}} --prompt-form cloze", ("cloze", "prompt")),
    Case("chat form of a checkpoint without template",
         f"lens {_FACTS}jsonl:{{facts}} --prompt-form chat", ("chat", "template"), loads=True),
)  # fmt: skip
