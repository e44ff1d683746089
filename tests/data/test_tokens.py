import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interp.data.blocks import allocate, assign
from interp.data.corpus import Corpus, Unit
from interp.data.tokens import tokenize_corpus, tokenize_samples
from interp.errors import InterpError
from tests.tiny import byte_tokenizer

LANGS = ("en", "de", "zh")


def corpus_of(*lengths):
    """A corpus whose unit i has lengths[i] bytes per language, every byte telling its unit."""
    units = [
        Unit(f"u{i}", {lang: chr(97 + i) * n for lang, n in zip(LANGS, sizes, strict=True)})
        for i, sizes in enumerate(lengths)
    ]
    return Corpus.build(units, LANGS, "test")


def text_of(tokenizer, sequence):
    return tokenizer.decode(sequence.ids[sequence.n_special :])


def per_block(tokens):
    counts = np.zeros_like(tokens.tokens)
    for s in tokens.sequences:
        counts[s.block, tokens.languages.index(s.lang)] += len(s.ids) - s.n_special
    return counts


def test_known_answer():
    tokenizer = byte_tokenizer()
    corpus = corpus_of((5, 3, 4), (2, 6, 3), (4, 4, 4))
    tokens = tokenize_corpus(corpus, tokenizer, seq_len=4, n_blocks=2)
    # Blocks: (u0), (u1, u2); in the second a line end follows u1: 7, 11 and 8 tokens, cut to 7.
    assert tokens.block_units == (("u0",), ("u1", "u2"))
    assert tokens.tokens.tolist() == [[3, 3, 3], [7, 7, 7]]
    shown = [(s.block, s.lang, text_of(tokenizer, s), s.unit_ids) for s in tokens.sequences]
    assert shown == [
        (0, "en", "aaa", ("u0",)), (0, "de", "aaa", ("u0",)), (0, "zh", "aaa", ("u0",)),
        (1, "en", "bb\nc", ("u1", "u2")), (1, "en", "ccc", ("u2",)),
        (1, "de", "bbbb", ("u1",)), (1, "de", "bb\n", ("u1",)),
        (1, "zh", "bbb\n", ("u1",)), (1, "zh", "ccc", ("u2",)),
    ]  # fmt: skip
    everything = tokenize_corpus(corpus, tokenizer, seq_len=4, n_blocks=2, budget="all")
    assert everything.tokens.tolist() == [[5, 3, 4], [7, 11, 8]]
    assert tokens.sequences[0].ids.dtype == np.int32


def test_bos_stands_in_front_and_is_not_counted():
    corpus = corpus_of((5, 5, 5))
    plain, own = byte_tokenizer(), byte_tokenizer(True)
    never = tokenize_corpus(corpus, own, seq_len=4, bos="never")
    auto = tokenize_corpus(corpus, own, seq_len=4)
    assert [len(s.ids) for s in never.sequences[:2]] == [4, 1]
    assert [s.ids.tolist()[0] for s in auto.sequences] == [own.bos_token_id] * 6
    assert [(len(s.ids), s.n_special) for s in auto.sequences[:2]] == [(4, 1), (3, 1)]
    assert auto.tokens.tolist() == never.tokens.tolist() == [[5, 5, 5]]
    assert auto.bos_ids == (own.bos_token_id,) and auto.bos == "auto"
    assert tokenize_corpus(corpus, plain, seq_len=4).bos_ids == ()
    always = tokenize_corpus(corpus, plain, seq_len=4, bos="always")
    assert always.bos_ids == (plain.bos_token_id,)
    with pytest.raises(InterpError, match=r"unknown BOS policy 'yes'"):
        tokenize_corpus(corpus, plain, bos="yes")


sizes = st.lists(
    st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=12
)


@settings(max_examples=60, deadline=None)
@given(sizes, st.integers(1, 9), st.integers(2, 20), st.sampled_from(["contiguous", "random"]),
       st.data())  # fmt: skip
def test_budgets_are_equal_in_every_block(lengths, n_blocks, seq_len, assignment, data):
    corpus = corpus_of(*lengths)
    options = {"seq_len": seq_len, "n_blocks": n_blocks, "assignment": assignment, "seed": 3}
    everything = tokenize_corpus(corpus, byte_tokenizer(), budget="all", **options)
    least = tokenize_corpus(corpus, byte_tokenizer(), budget="min", **options)
    common = everything.tokens.min(axis=1)
    number = data.draw(st.integers(1, int(common.sum())))
    some = tokenize_corpus(corpus, byte_tokenizer(), budget=number, **options)

    assert (least.tokens == common[:, None]).all()
    assert (some.tokens == some.tokens[:, :1]).all() and (some.tokens <= least.tokens).all()
    assert some.tokens.sum(axis=0).tolist() == [number] * 3
    for tokens in (everything, least, some):
        assert tokens.n_blocks == min(n_blocks, len(corpus))
        assert (per_block(tokens) == tokens.tokens).all()
        assert sorted(u for b in tokens.block_units for u in b) == sorted(
            unit.unit_id for unit in corpus
        )
        for s in tokens.sequences:
            assert 0 < len(s.ids) <= seq_len
            assert set(s.unit_ids) <= set(tokens.block_units[s.block])
            # The letters are the units': none from another block is inside.
            assert {f"u{ord(c) - 97}" for c in text_of(byte_tokenizer(), s) if c != "\n"} <= set(
                s.unit_ids
            )


def test_the_streams_are_the_text_itself(shared_data):
    corpus = Corpus.load(str(shared_data / "udhr"), languages=["en", "zh", "bn"])
    tokenizer = byte_tokenizer()
    tokens = tokenize_corpus(corpus, tokenizer, budget="all", seq_len=100, n_blocks=8)
    units = {unit.unit_id: unit.texts for unit in corpus}
    for lang in corpus.languages:
        for block, names in enumerate(tokens.block_units):
            rows = [s.ids for s in tokens.sequences if (s.block, s.lang) == (block, lang)]
            text = tokenizer.decode(np.concatenate(rows))
            assert text == "\n".join(units[name][lang] for name in names)


def test_real_budgets(shared_data):
    corpus = Corpus.load(str(shared_data / "udhr"))
    tokens = tokenize_corpus(corpus, byte_tokenizer())
    assert tokens.n_blocks == 31 and tokens.tokens.shape == (31, 12)
    assert (tokens.tokens.min(axis=1) == tokens.tokens.max(axis=1)).all()
    # One article per block, one token per byte: the shortest language sets the budget.
    assert tokens.tokens[:, 0].tolist() == [
        min(len(t.encode()) for t in u.texts.values()) for u in corpus
    ]


def test_deterministic_and_hashed():
    corpus = corpus_of(*[(n % 7 + 3, n % 5 + 3, 6) for n in range(20)])
    tokenizer = byte_tokenizer()
    base = {"n_blocks": 4, "seq_len": 8}
    one = tokenize_corpus(corpus, tokenizer, **base)
    again = tokenize_corpus(corpus, tokenizer, **base)
    assert one.data_hash == again.data_hash
    assert one.corpus_hash == corpus.data_hash
    assert tokenize_corpus(corpus, tokenizer, seed=5, **base).data_hash == one.data_hash
    changes = [
        {"n_blocks": 5}, {"seq_len": 9}, {"budget": "all"}, {"budget": 20}, {"bos": "always"},
        {"assignment": "random"}, {"assignment": "random", "seed": 1},
        {"languages": ["de", "en", "zh"]}, {"languages": ["en", "de"]},
    ]  # fmt: skip
    hashes = {tokenize_corpus(corpus, tokenizer, **(base | c)).data_hash for c in changes}
    assert len(hashes | {one.data_hash}) == len(changes) + 1


def test_random_assignment_keeps_whole_units_and_moves_with_the_seed():
    units = corpus_of(*[(3, 3, 3)] * 20).units
    plain = assign(units, 6)
    shuffled = assign(units, 6, "random", seed=1)
    assert [u for block in plain for u in block] == list(units)
    assert {len(block) for block in plain} == {len(block) for block in shuffled} == {3, 4}
    assert sorted(u.unit_id for b in shuffled for u in b) == sorted(u.unit_id for u in units)
    assert shuffled != assign(units, 6, "random", seed=2)


def test_allocation_gives_largest_remainders_first():
    sizes = np.array([[10, 20], [3, 3], [9, 4]])
    # Common 10, 3, 4: of 10 tokens exactly 5.88, 1.76 and 2.35.
    assert allocate(sizes, 10, ["en", "de"]).tolist() == [[6, 6], [2, 2], [2, 2]]
    with pytest.raises(InterpError, match=r"budget 18 .* have only 17 in common \(en has least\)"):
        allocate(sizes, 18, ["en", "de"])


def test_flat_is_the_release_stream():
    texts = [
        ("x" * 19, "long enough to be in it, indeed"),
        ("y" * 601, "z" * 20),
        ("w" * 30, "v" * 9),
    ]
    units = [Unit(f"u{i}", {"en": a, "de": b}) for i, (a, b) in enumerate(texts)]
    corpus = Corpus.build(units, ["en", "de"], "t")
    tokenizer = byte_tokenizer(True)
    flat = {"layout": "flat", "seq_len": 8, "bos": "never", "n_blocks": 2}
    tokens = tokenize_corpus(corpus, tokenizer, budget="all", **flat)
    english = "".join(text_of(tokenizer, s) for s in tokens.sequences if s.lang == "en")
    german = "".join(text_of(tokenizer, s) for s in tokens.sequences if s.lang == "de")
    assert english == "w" * 24  # 30 characters: the tail is dropped, 19 and 601 are filtered
    assert german == ("long enough to be in it, indeed" + "z" * 20)[:48]
    assert tokens.notes == {"filtered_en": 2, "filtered_de": 1}
    assert {len(s.ids) for s in tokens.sequences} == {8}
    assert tokens.tokens.sum(axis=0).tolist() == [24, 48] and tokens.n_blocks == 2
    equal = tokenize_corpus(corpus, tokenizer, budget="min", **flat)
    assert equal.tokens.tolist() == [[8, 8], [16, 16]]
    with pytest.raises(InterpError, match=r"en has 30 tokens .* use a smaller seq_len"):
        tokenize_corpus(corpus, tokenizer, layout="flat", seq_len=31, bos="never")
    with pytest.raises(InterpError, match=r"budget 25 .* expected 8 .* to 24"):
        tokenize_corpus(corpus, tokenizer, budget=25, **flat)


def test_samples_are_the_same_units_in_every_language():
    corpus = corpus_of(*[(n + 2, 30, 4) for n in range(15)])
    tokenizer = byte_tokenizer(True)
    tokens = tokenize_samples(corpus, tokenizer, n_samples=6, seq_len=10)
    assert tokens.n_blocks == 6 and len(tokens.sequences) == 18
    assert tokens.layout == tokens.budget == "samples"
    by_sample = {}
    for s in tokens.sequences:
        by_sample.setdefault(s.block, []).append(s)
        assert s.ids[0] == tokenizer.bos_token_id and len(s.ids) <= 10
        assert corpus.units[int(s.unit_ids[0][1:])].texts[s.lang].startswith(text_of(tokenizer, s))
    for rows in by_sample.values():
        assert [s.lang for s in rows] == list(LANGS) and len({s.unit_ids for s in rows}) == 1
    assert (per_block(tokens) == tokens.tokens).all() and tokens.tokens.max() == 9
    more = tokenize_samples(corpus, tokenizer, n_samples=1000, seq_len=10)
    assert more.n_blocks == 15 and more.block_units[:6] == tokens.block_units
    assert (
        tokenize_samples(corpus, tokenizer, n_samples=6, seed=1).block_units != tokens.block_units
    )


def test_samples_need_something_to_predict():
    corpus = corpus_of((1, 5, 5), (5, 5, 5))
    with_bos = tokenize_samples(corpus, byte_tokenizer(), bos="always")
    without = tokenize_samples(corpus, byte_tokenizer())
    assert with_bos.n_blocks == 2 and with_bos.notes == {}
    assert without.n_blocks == 1 and without.notes == {"dropped_short": 1}
    with pytest.raises(InterpError, match=r"no unit has two tokens"):
        tokenize_samples(corpus_of((1, 5, 5)), byte_tokenizer())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": "max"}, "unknown budget 'max'"),
        ({"budget": 0}, "budget 0"),
        ({"budget": 10**9}, "in common"),
        ({"seq_len": 1}, "seq_len 1: expected at least 2"),
        ({"n_blocks": 0}, "n_blocks 0"),
        ({"layout": "tight"}, "unknown layout"),
        ({"assignment": "sorted"}, "unknown assignment"),
        ({"languages": ["fr"]}, "unknown language in corpus test 'fr': expected one of en, de, zh"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(InterpError, match=message):
        tokenize_corpus(corpus_of((5, 5, 5)), byte_tokenizer(), **options)
