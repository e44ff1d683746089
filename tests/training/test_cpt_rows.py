"""Packing of continued pretraining: what stands in a row, and what is never lost or mixed."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from interp.data.corpus import Corpus, Unit
from interp.errors import InterpError
from tests.tiny import byte_tokenizer
from training.cpt_rows import RowReport, block_text, cpt_rows, group_of, pack_blocks

EOS = 2
LANGUAGES = ("en", "de", "zh", "bn")


def corpus_of(*ids: str, repeat: int = 1, languages=LANGUAGES) -> Corpus:
    """Units whose text names them, so that a row can be traced back."""
    units = [Unit(name, {code: f"<{name}|{code}>" * repeat for code in languages}) for name in ids]
    return Corpus.build(units, languages, "test")


def blocks_of(rows, lead=0):
    """The text of every block, by decoding what stands between the EOS tokens."""
    texts = []
    for row in rows:
        block = []
        for token in row[lead:]:
            if token == EOS:
                texts.append(byte_tokenizer().decode(block))
                block = []
            else:
                block.append(token)
        assert not block, "a row ends without EOS"
    return texts


def test_a_block_has_each_language_once_on_its_own_line():
    unit = Unit(
        "u", {"en": " One\r\n\n two ", "de": "Eins", "fr": "1\xa0%\u2028x", "ja": " \n", "zh": "一"}
    )
    seen = set()
    for seed in range(200):
        text = block_text(unit, ("en", "de", "fr", "ja", "sw"), np.random.default_rng(seed))
        assert sorted(text.split("\n")) == ["de: Eins", "en: One two", "fr: 1\xa0% x"]
        seen.add(text)
    assert len(seen) == 6  # all orders of three lines occur
    assert block_text(unit, ["zh"], np.random.default_rng(0)) == "zh: 一"
    with pytest.raises(InterpError, match=r"unit 'u' has text in none of ja, sw.* it has en, de"):
        block_text(unit, ("ja", "sw"), np.random.default_rng(0))


def test_orders_of_lines_are_equally_frequent():
    unit = Unit("u", {"en": "a", "de": "b", "zh": "c"})
    rng = np.random.default_rng(3)
    first = [block_text(unit, ("en", "de", "zh"), rng)[:2] for _ in range(3000)]
    counts = [first.count(code) for code in ("en", "de", "zh")]
    assert sum(counts) == 3000 and max(abs(count - 1000) for count in counts) < 4 * 26  # 4 sd


@pytest.mark.parametrize(
    ("unit_id", "group"),
    [
        ("talk-17", "talk"),
        ("talk_17", "talk"),
        ("talk:17", "talk"),
        ("9/0", "9"),
        ("my-talk-3/12", "my-talk-3"),
        ("a--1", "a-"),
        ("preamble", "preamble"),
        ("17", "17"),
        ("-17", "-17"),
        ("talk-17b", "talk-17b"),
        ("talk17", "talk17"),
        ("talk-", "talk-"),
        ("talk-²", "talk-²"),  # a digit to Python, but no number
        ("talk-1\n", "talk-1\n"),
        ("", ""),
    ],
)
def test_the_talk_of_an_id(unit_id, group):
    assert group_of(unit_id) == group


def test_the_talks_of_the_ids_that_the_sources_give(tmp_path):
    assert {group_of(unit.unit_id) for unit in Corpus.load("cldr")} == {"cldr:text"}

    lines = [
        {"talk_id": talk, "timestamp": t, "para_data": {"en": f"e{t}", "de": f"d{t}"}}
        for talk in ("7", "talk-2", "talk-3")
        for t in range(11)
    ]
    ted = tmp_path / "multi_way.jsonl"
    ted.write_text("\n".join(map(json.dumps, lines)))
    groups = [group_of(unit.unit_id) for unit in Corpus.load(f"ted:{ted}")]
    assert groups == ["7"] * 3 + ["talk-2"] * 3 + ["talk-3"] * 3

    for code in ("en", "de"):
        (tmp_path / f"{code}.txt").write_text("a\nb\nc")
    groups = [group_of(unit.unit_id) for unit in Corpus.load(f"flores:{tmp_path}")]
    assert groups == ["1", "2", "3"]  # nothing says that neighbouring lines belong together

    folder = tmp_path / "folder"
    folder.mkdir()
    for code in ("en", "de"):
        names = ("intro", "art-1", "art-2")
        rows = [json.dumps({"id": name, "text": f"{name} {code}"}) for name in names]
        (folder / f"{code}.jsonl").write_text("\n".join(rows))
    groups = [group_of(unit.unit_id) for unit in Corpus.load(str(folder))]
    assert groups == ["intro", "art", "art"]


def test_packing_by_hand():
    blocks = [
        ("a", [10, 11, 12]),  # 4 with its EOS
        ("a", [20, 21, 22]),  # 8: exactly the row's limit
        ("a", [30]),
        ("b", [40]),  # another talk: another row, though there is room
        ("b", [50, 51, 52, 53, 54, 55, 56, 57, 58]),  # 10: above the row's limit, below the cut
        ("b", [60]),
        ("a", range(70, 82)),  # 13: one more than a row may ever have
        ("a", [90]),
    ]
    rows, report = pack_blocks(blocks, row_tokens=8, max_tokens=12, eos_id=EOS)
    assert rows == [
        [10, 11, 12, EOS, 20, 21, 22, EOS],
        [30, EOS],
        [40, EOS],
        [50, 51, 52, 53, 54, 55, 56, 57, 58, EOS],
        [60, EOS],
        [70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, EOS],
        [90, EOS],
    ]
    assert report == RowReport(blocks=8, rows=7, tokens=38, truncated_blocks=1, truncated_tokens=1)


def test_special_tokens_in_front_of_rows_count():
    blocks = [("a", [10, 11]), ("a", [20, 21]), ("a", [30]), ("a", range(40, 50))]
    rows, report = pack_blocks(blocks, row_tokens=7, max_tokens=8, eos_id=EOS, leading=[1])
    assert rows == [
        [1, 10, 11, EOS, 20, 21, EOS],
        [1, 30, EOS],
        [1, 40, 41, 42, 43, 44, 45, EOS],
    ]
    assert report == RowReport(4, 3, 18, truncated_blocks=1, truncated_tokens=4)


@pytest.mark.parametrize("limits", [(1, 8), (9, 8), (0, 0), (2, 8, 1)])
def test_limits_that_nothing_fits_into(limits):
    row_tokens, max_tokens, *lead = limits
    with pytest.raises(
        InterpError, match=rf"^row_tokens {row_tokens} and max_tokens {max_tokens}: expected \d"
    ):
        pack_blocks(
            [("a", [10])], row_tokens=row_tokens, max_tokens=max_tokens, eos_id=EOS, leading=lead
        )


def test_packing_keeps_order_talks_and_every_token():
    rng = np.random.default_rng(0)
    for trial in range(100):
        numbers = iter(range(10, 10_000))  # no token twice, so that a row can be traced back
        blocks = [
            (str(rng.integers(3)), [next(numbers) for _ in range(rng.integers(1, 40))])
            for _ in range(30)
        ]
        group_at = {token: group for group, ids in blocks for token in ids}
        row_tokens = int(rng.integers(2, 40))
        max_tokens = row_tokens + int(rng.integers(0, 20))
        rows, report = pack_blocks(blocks, row_tokens=row_tokens, max_tokens=max_tokens, eos_id=EOS)
        flat = [token for row in rows for token in row]
        kept = [token for token in flat if token != EOS]
        given = [token for _, ids in blocks for token in ids]
        assert flat.count(EOS) == report.blocks == 30 and report.rows == len(rows)
        assert len(given) - len(kept) == report.truncated_tokens and kept == sorted(kept)
        assert report.tokens == len(flat) and (report.truncated_blocks > 0) == (kept != given)
        for row in rows:
            assert row[-1] == EOS and len(row) <= (row_tokens if row.count(EOS) > 1 else max_tokens)
            assert len({group_at[token] for token in row if token != EOS}) == 1, trial
        for before, after in pairwise(rows):  # no row is closed too early
            if group_at[before[0]] == group_at[after[0]]:
                assert len(before) + after.index(EOS) + 1 > row_tokens


def test_rows_of_a_corpus_hold_every_line_of_every_unit():
    names = [f"a-{i}" for i in range(9)] + [f"b/{i}" for i in range(7)] + ["c"]
    tokenizer = byte_tokenizer()
    rows, report = cpt_rows(
        corpus_of(*names), tokenizer, languages=["en", "zh", "bn"], row_tokens=120, seed=1, epoch=0
    )
    texts = blocks_of(rows)
    assert [sorted(text.split("\n")) for text in texts] == [
        [f"{code}: <{name}|{code}>" for code in ("bn", "en", "zh")] for name in names
    ]
    assert report == RowReport(17, len(rows), sum(map(len, rows)), 0, 0)
    assert 3 < len(rows) < 17 and max(map(len, rows)) <= 120
    for row in rows:
        talks = {group_of(line.split("<")[1].split("|")[0])
                 for text in blocks_of([row]) for line in text.split("\n")}  # fmt: skip
        assert len(talks) == 1


def test_bengali_is_packed_by_its_tokens_and_not_by_characters():
    text = "আমি বাংলায় গান গাই। " * 5
    units = [Unit(f"talk-{i}", {"bn": text, "en": "I sing."}) for i in range(12)]
    corpus = Corpus.build(units, ["en", "bn"], "test")
    rows, report = cpt_rows(corpus, byte_tokenizer(), languages=None, seed=0, epoch=0)
    # The release's estimate would take all twelve for one row of 512 tokens, and cut it at 1024.
    written = [block_text(unit, ["en", "bn"], np.random.default_rng(0)) for unit in units]
    assert sum(map(len, written)) / 4 <= 512 < 1024 < sum(len(t.encode()) for t in written)
    assert report.truncated_blocks == report.truncated_tokens == 0
    assert report.blocks == 12 and 256 < max(map(len, rows)) <= 512
    assert sum(block.count(text.strip()) for block in blocks_of(rows)) == 12


def test_the_defaults_are_a_row_of_512_and_a_cut_at_1024():
    corpus = corpus_of("a-1", "a-2", "a-3", repeat=20)  # more than 512 tokens each
    rows, report = cpt_rows(corpus, byte_tokenizer(), languages=None, seed=0, epoch=0)
    assert len(rows) == 3 and report.truncated_tokens == 0 and min(map(len, rows)) > 512
    longer = corpus_of("a-1", "a-2", "a-3", repeat=40)
    rows, report = cpt_rows(longer, byte_tokenizer(), languages=None, seed=0, epoch=0)
    whole = [len(block_text(u, LANGUAGES, np.random.default_rng(0)).encode()) for u in longer]
    assert [len(row) for row in rows] == [1024] * 3 and {row[-1] for row in rows} == {EOS}
    assert report.truncated_blocks == 3 and report.truncated_tokens == sum(whole) - 3 * 1023


def test_order_of_lines_follows_seed_and_epoch_and_nothing_else():
    corpus, tokenizer = corpus_of(*(f"a-{i}" for i in range(20))), byte_tokenizer()

    def texts(corpus, seed, epoch):
        rows, _ = cpt_rows(corpus, tokenizer, languages=None, seed=seed, epoch=epoch)
        return blocks_of(rows)

    first = texts(corpus, 0, 0)
    assert texts(corpus, 0, 0) == first
    assert len({tuple(texts(corpus, *pair)) for pair in ((0, 0), (1, 0), (0, 1), (1, 1))}) == 4
    assert len({text.replace(f"a-{i}|", "") for i, text in enumerate(first)}) > 5  # unit by unit
    fewer = Corpus.build(corpus.units[7:], corpus.languages, "test")
    assert texts(fewer, 0, 0) == first[7:]


def test_no_unit_is_lost_where_one_call_of_the_tokenizer_ends(monkeypatch):
    corpus = corpus_of(*(f"a-{i}" for i in range(10)))
    together = cpt_rows(corpus, byte_tokenizer(), languages=None, seed=0, epoch=0)
    monkeypatch.setattr("training.cpt_rows._AT_ONCE", 4)
    assert cpt_rows(corpus, byte_tokenizer(), languages=None, seed=0, epoch=0) == together


def test_rows_begin_as_the_tokenizer_begins_a_text():
    corpus = corpus_of("a-1", "a-2", "b-1")
    plain, _ = cpt_rows(corpus, byte_tokenizer(), languages=None, seed=0, epoch=0)
    begun, report = cpt_rows(corpus, byte_tokenizer(add_bos=True), languages=None, seed=0, epoch=0)
    assert len(plain) == 2 and begun == [[1, *row] for row in plain]
    assert report.tokens == sum(map(len, plain)) + 2


def test_bad_input_of_a_corpus():
    corpus, tokenizer = corpus_of("a-1"), byte_tokenizer()
    with pytest.raises(InterpError, match=r"unknown language in corpus test 'fr': expected one of"):
        cpt_rows(corpus, tokenizer, languages=["en", "fr"], seed=0, epoch=0)
    with pytest.raises(InterpError, match=r"seed -1 and epoch 0: expected"):
        cpt_rows(corpus, tokenizer, languages=None, seed=-1, epoch=0)

    class WithoutEos:
        eos_token_id = None

    with pytest.raises(InterpError, match=r"no EOS token"):
        cpt_rows(corpus, WithoutEos(), languages=None, seed=0, epoch=0)


def test_the_real_parallel_text_is_packed_whole(shared_data):
    corpus = Corpus.load(str(shared_data / "udhr"), languages=["en", "de", "zh", "bn"])
    rows, report = cpt_rows(
        corpus,
        byte_tokenizer(),
        languages=None,
        row_tokens=4096,
        max_tokens=12_000,
        seed=4,
        epoch=0,
    )
    assert report.blocks == 31 and report.truncated_tokens == 0 and report.rows == len(rows) < 31
    assert rows[0].count(EOS) == 1  # the preamble is no article, and so alone

    def spaced(text):
        return " ".join(text.split())

    for unit, text in zip(corpus, blocks_of(rows), strict=True):
        wanted = sorted(f"{code}: {spaced(words)}" for code, words in unit.texts.items())
        assert sorted(map(spaced, text.split("\n"))) == wanted
