import json

import pytest

from interp.data.corpus import Corpus, Unit
from interp.errors import InterpError


def jsonl(path, *records):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(r) for r in records) + "\n", encoding="utf-8")
    return path


def test_only_shared_units_are_kept():
    units = [
        Unit("a", {"en": "A", "de": "Ä", "fr": "À"}), Unit("b", {"en": "B", "de": "  "}),
        Unit("c", {"en": "C", "de": "Z", "fr": "Ç"}),
    ]  # fmt: skip
    corpus = Corpus.build(units, ["de", "en"], "s")
    assert [unit.unit_id for unit in corpus] == ["a", "c"] and len(corpus) == 2
    assert corpus.languages == ("de", "en") and corpus.units[0].texts == {"de": "Ä", "en": "A"}
    assert corpus.notes == {"dropped_incomplete": 1, "missing_de": 1}
    assert Corpus.build(units, ["en"], "s").notes == {}
    hashes = {
        Corpus.build(u, langs, "s").data_hash
        for u, langs in ((units, ["de", "en"]), (units, ["en", "de"]), (units[::-1], ["de", "en"]))
    }
    assert len(hashes) == 3
    assert Corpus.build(units, ["de", "en"], "elsewhere").data_hash == corpus.data_hash


def test_build_errors():
    with pytest.raises(InterpError, match=r"corpus s is empty"):
        Corpus.build([], ["en"], "s")
    with pytest.raises(InterpError, match=r"unit id 'a' is used 2 times"):
        Corpus.build([Unit("a", {"en": "x"})] * 2, ["en"], "s")
    apart = [Unit("a", {"en": "x"}), Unit("b", {"en": "y"}), Unit("c", {"de": "y"})]
    with pytest.raises(InterpError, match=r"none of 3 units .* en, de \(de lacks 2 of them\)"):
        Corpus.build(apart, ["en", "de"], "s")


def test_udhr(shared_data):
    corpus = Corpus.load(str(shared_data / "udhr"))
    assert len(corpus) == 31 and len(corpus.languages) == 12 and corpus.notes == {}
    assert corpus.units[0].unit_id == "preamble"
    assert sum(len(u.texts["zh"]) for u in corpus) == 2643
    few = Corpus.load(str(shared_data / "udhr"), languages=["zh", "en"], limit=5, seed=1)
    assert few.languages == ("zh", "en") and len(few) == 5
    ids = [u.unit_id for u in corpus]
    chosen = [u.unit_id for u in few]
    assert chosen == sorted(chosen, key=ids.index) and chosen != ids[:5]
    more = Corpus.load(str(shared_data / "udhr"), limit=9, seed=1)
    assert set(chosen) <= {u.unit_id for u in more}
    with pytest.raises(
        InterpError, match=r"unknown language in corpus .* 'ko': expected one of en"
    ):
        Corpus.load(str(shared_data / "udhr"), languages=["en", "ko"])
    with pytest.raises(InterpError, match=r"limit 0 units"):
        Corpus.load(str(shared_data / "udhr"), limit=0)


def test_the_order_of_languages_moves_no_unit(tmp_path):
    jsonl(tmp_path / "en.jsonl", *({"id": i, "text": f"e{i}"} for i in (3, 1, 2)))
    jsonl(tmp_path / "zh-CN.jsonl", *({"id": i, "text": f"z{i}"} for i in (1, 2, 3, 4)))
    for languages in (["en", "zh"], ["zh", "en"]):
        corpus = Corpus.load(str(tmp_path), languages=languages)
        assert [u.unit_id for u in corpus] == ["3", "1", "2"]
        assert corpus.notes == {"dropped_incomplete": 1, "missing_en": 1}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"id": 1, "text": "x"', "de.jsonl:2: not valid JSON"),
        (b'{"id": 1, "text": "\xff"}', "de.jsonl:2: not valid UTF-8 .byte 20"),
        (b'{"id": 1}', "de.jsonl:2: no field 'text', it has id"),
        (b'{"text": "x"}', "de.jsonl:2: no field 'id'"),
        (b'{"id": 1, "text": 3}', "de.jsonl:2: field 'text' is 3, expected str"),
        (b'{"id": 0, "text": "x"}', "de.jsonl:2: id '0' is used twice"),
        (b'{"id": 1, "text": "x", "lang": "fr"}', "de.jsonl:2: lang is 'fr', .* says de"),
        (b'"text"', "de.jsonl:2: a JSON str, expected an object"),
    ],
)
def test_malformed_lines_are_named(tmp_path, line, message):
    jsonl(tmp_path / "en.jsonl", {"id": 0, "text": "a"}, {"id": 1, "text": "b"})
    (tmp_path / "de.jsonl").write_bytes(b'\xef\xbb\xbf{"id": 0, "text": "\xe2\x80\xa8"}\r\n' + line)
    with pytest.raises(InterpError, match=message) as error:
        Corpus.load(str(tmp_path))
    assert "\n" not in str(error.value)


def test_wrong_folders(tmp_path):
    with pytest.raises(InterpError, match=r"unknown corpus 'nowhere'.*No folder of that name"):
        Corpus.load("nowhere")
    with pytest.raises(InterpError, match=r"is empty: expected files <lang>.jsonl"):
        Corpus.load(str(tmp_path))
    jsonl(tmp_path / "en.jsonl", {"id": 0, "text": "a"})
    (tmp_path / "de.jsonl").write_text("\n")
    with pytest.raises(InterpError, match=r"de.jsonl is empty"):
        Corpus.load(str(tmp_path))
    jsonl(tmp_path / "de.jsonl", {"id": 7, "text": "a"})
    with pytest.raises(InterpError, match=r"none of 2 units is there in all of en, de"):
        Corpus.load(str(tmp_path))
    jsonl(tmp_path / "eng_Latn.jsonl", {"id": 0, "text": "a"})
    with pytest.raises(InterpError, match=r"are both en"):
        Corpus.load(str(tmp_path))


def ted_row(talk, time, **texts):
    texts = {code.replace("_", "-"): text for code, text in texts.items()}
    return {"talk_id": talk, "timestamp": time, "lang_list": [*texts], "para_data": texts,
            "parallelism": len(texts)}  # fmt: skip


def test_ted_joins_five_shared_lines_of_a_talk(tmp_path):
    rows = [ted_row("9", t, en=f"e{t}", zh_cn=f"z{t}", zh="old", pt=f"p{t}") for t in (20, 10, 30)]
    rows += [ted_row("9", 15, en="only english"), ted_row("9", 16, en="x", zh_cn=" \n ")]
    rows += [ted_row("7", t, en=f"E{t}\n", zh=f"Z{t}") for t in range(7)]
    rows += [ted_row("9", t, en=f"e{t}", zh_cn=f"z{t}", pt_br=f"b{t}") for t in (40, 50, 60)]
    path = jsonl(tmp_path / "multi_way.jsonl", *rows)
    corpus = Corpus.load(f"ted:{path}", languages=["en", "zh"])
    assert [(u.unit_id, u.texts["en"], u.texts["zh"]) for u in corpus] == [
        ("9/0", "e10 e20 e30 e40 e50", "z10 z20 z30 z40 z50"), ("9/1", "e60", "z60"),
        ("7/0", "E0 E1 E2 E3 E4", "Z0 Z1 Z2 Z3 Z4"), ("7/1", "E5 E6", "Z5 Z6"),
    ]  # fmt: skip
    assert corpus.notes == {"rows": 15, "rows_dropped": 2}
    default = Corpus.load(f"ted:{path}")
    assert default.languages == ("en", "pt", "zh") and default.notes["rows_dropped"] == 9
    assert default.units[0].texts["pt"] == "p10 p20 p30 b40 b50"


def test_ted_errors(tmp_path):
    path = jsonl(tmp_path / "m.jsonl", ted_row("1", 1, en="a"), ted_row("1", 2, de="b"))
    with pytest.raises(InterpError, match=r"no line is there in all of en, de \(en has 1 of 2"):
        Corpus.load(f"ted:{path}", languages=["en", "de"])
    with pytest.raises(InterpError, match=r"'fr': expected one of en, de"):
        Corpus.load(f"ted:{path}", languages=["fr"])
    jsonl(path, {"talk_id": 1, "para_data": {}})
    with pytest.raises(InterpError, match=r"m.jsonl:1: no field 'timestamp'"):
        Corpus.load(f"ted:{path}")
    jsonl(path, ted_row("1", "soon", en="a"))
    with pytest.raises(InterpError, match=r"m.jsonl:1: timestamp is 'soon'"):
        Corpus.load(f"ted:{path}")
    path.write_text("")
    with pytest.raises(InterpError, match=r"is empty"):
        Corpus.load(f"ted:{path}")
    with pytest.raises(InterpError, match=r"expected the file multi_way.jsonl"):
        Corpus.load(f"ted:{tmp_path}")


def test_flores_lines_are_aligned(tmp_path):
    for name, text in (("eng_Latn.dev", "a\nb\nc"), ("zho_Hans.dev", "甲\n\n丙"),
                       ("zho_Hant.dev", "x\ny\nz"), ("ita_Latn.dev", "d\ne\nf"),
                       ("README.md", "no")):  # fmt: skip
        (tmp_path / name).write_text(text, encoding="utf-8")
    corpus = Corpus.load(f"flores:{tmp_path}", languages=["en", "zh"])
    assert [(u.unit_id, u.texts["zh"]) for u in corpus] == [("1", "甲"), ("3", "丙")]
    assert corpus.notes == {"dropped_incomplete": 1, "missing_zh": 1}
    assert Corpus.load(f"flores:{tmp_path}").languages == ("en", "zh", "ita-latn", "zh-hant")
    (tmp_path / "fr.txt").write_text("a\nb")
    with pytest.raises(
        InterpError, match=r"fr.txt has 2 lines, eng_Latn.dev has 3: expected line-a"
    ):
        Corpus.load(f"flores:{tmp_path}", languages=["en", "fr"])
    (tmp_path / "fr.txt").write_bytes(b"a\n\xe9t\xe9\nc")
    with pytest.raises(InterpError, match=r"fr.txt:2: not valid UTF-8"):
        Corpus.load(f"flores:{tmp_path}", languages=["en", "fr"])
    (tmp_path / "en.txt").write_text("a")
    with pytest.raises(InterpError, match=r"are both en: expected one file per language"):
        Corpus.load(f"flores:{tmp_path}")


CARD = """---
configs:
- config_name: en
  data_files: en/train.jsonl
- config_name: deu_Latn
  data_files: de/train.jsonl
---
"""


@pytest.fixture
def hub_cache(tmp_path_factory, monkeypatch):
    """A cache of its own for `datasets`, so that no earlier file of the same name is found."""
    import datasets.config

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))


def test_hub_with_a_configuration_per_language(tmp_path, hub_cache):
    (tmp_path / "README.md").write_text(CARD)
    jsonl(tmp_path / "en" / "train.jsonl", *({"id": i, "sentence": f"e{i}"} for i in (1, 2, 3)))
    jsonl(tmp_path / "de" / "train.jsonl", *({"id": i, "sentence": f"d{i}"} for i in (3, 1)))
    corpus = Corpus.load(f"hub:{tmp_path}")
    assert corpus.languages == ("en", "de")
    assert [(u.unit_id, u.texts["de"]) for u in corpus] == [("1", "d1"), ("3", "d3")]
    assert corpus.notes["missing_de"] == 1
    with pytest.raises(
        InterpError, match=r"unknown language in corpus hub:.* 'fr': expected one of"
    ):
        Corpus.load(f"hub:{tmp_path}", languages=["fr"])
    with pytest.raises(InterpError, match=r"no configuration 'nope', it has"):
        Corpus.load(f"hub:{tmp_path}:nope")


def test_hub_without_ids_must_be_aligned(tmp_path, hub_cache):
    (tmp_path / "README.md").write_text(CARD)
    jsonl(tmp_path / "en" / "train.jsonl", {"text": "a"}, {"text": "b"})
    jsonl(tmp_path / "de" / "train.jsonl", {"text": "c"})
    with pytest.raises(
        InterpError, match=r"rows must be aligned, but they number 2 \(en\), 1 \(de"
    ):
        Corpus.load(f"hub:{tmp_path}")


def test_hub_with_a_column_per_language(tmp_path, hub_cache):
    jsonl(
        tmp_path / "test.jsonl",
        {"id": "u1", "sentence_eng_Latn": "a", "sentence_deu_Latn": "b", "topic": "t"},
        {"id": "u2", "sentence_eng_Latn": "c", "sentence_deu_Latn": None, "topic": "t"},
    )
    corpus = Corpus.load(f"hub:{tmp_path}")
    assert corpus.languages == ("en", "de") and [u.texts for u in corpus] == [
        {"en": "a", "de": "b"}
    ]
    assert corpus.notes["missing_de"] == 1


@pytest.mark.parametrize(
    "value",
    [{"en": "a", "de": "b"}, {"language": ["en", "de"], "translation": ["a", "b"]}],
)
def test_hub_with_a_column_of_translations(tmp_path, hub_cache, value):
    jsonl(tmp_path / "train.jsonl", {"translation": value})
    corpus = Corpus.load(f"hub:{tmp_path}", languages=["de", "en"])
    assert corpus.units[0].unit_id == "1" and corpus.units[0].texts == {"de": "b", "en": "a"}


def test_hub_in_another_shape(tmp_path, hub_cache):
    jsonl(tmp_path / "train.jsonl", {"text": "a", "label": 1})
    with pytest.raises(InterpError, match=r"neither a configuration nor a column .* text, label"):
        Corpus.load(f"hub:{tmp_path}")
    with pytest.raises(InterpError, match=r"data set nobody/nothing: cannot be loaded"):
        Corpus.load("hub:nobody/nothing")
