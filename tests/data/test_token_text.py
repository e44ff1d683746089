import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from interp.data.token_text import token_name, token_pieces

TEXTS = {
    "ar": "عملة اليابان هي الين",
    "bn": "জাপানের মুদ্রা ইয়েন",
    "zh": "日本的货币是日圆。",
    "en": "The currency of Côte d’Ivoire\nis the franc 🇨🇮.",
}


@pytest.fixture(scope="module")
def organism():
    return AutoTokenizer.from_pretrained("artifacts/base")


@pytest.fixture(scope="module")
def one_byte_each():
    """A byte-level tokenizer without merges: every token is one byte."""
    vocabulary = {
        character: i for i, character in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))
    }
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=made)


@pytest.fixture(scope="module")
def sentencepiece_like():
    """Words begin with the metaspace, and the decoder drops that of the first."""
    made = Tokenizer(
        models.WordLevel({"▁der": 0, "▁Yen": 1, "s": 2, "<unk>": 3}, unk_token="<unk>")
    )
    made.decoder = decoders.Metaspace()
    return PreTrainedTokenizerFast(tokenizer_object=made)


@pytest.mark.parametrize("lang", TEXTS)
def test_pieces_join_to_the_text_and_no_character_is_broken(organism, one_byte_each, lang):
    for tokenizer in (organism, one_byte_each):
        ids = tokenizer(TEXTS[lang], add_special_tokens=False)["input_ids"]
        pieces = token_pieces(tokenizer, ids)
        assert len(pieces) == len(ids)
        assert "".join(pieces) == TEXTS[lang]
        assert not any("\ufffd" in piece for piece in pieces)


def test_a_character_belongs_to_the_token_that_completes_it(one_byte_each):
    ids = one_byte_each("a日b", add_special_tokens=False)["input_ids"]
    assert token_pieces(one_byte_each, ids) == ["a", "", "", "日", "b"]


def test_a_cut_character_is_shown_as_such(one_byte_each):
    ids = one_byte_each("日b日", add_special_tokens=False)["input_ids"]
    assert token_pieces(one_byte_each, ids[1:-1]) == ["", "", "\ufffd\ufffdb", "", "\ufffd"]


def test_a_space_before_a_word_is_kept(sentencepiece_like):
    assert token_pieces(sentencepiece_like, [0, 1, 2, 1]) == ["der", " Yen", "s", " Yen"]


def test_a_token_without_a_whole_character_is_named_by_its_bytes(one_byte_each):
    ids = one_byte_each("日 ", add_special_tokens=False)["input_ids"]
    assert [token_name(one_byte_each, token) for token in ids] == ["<E6>", "<97>", "<A5>", " "]


def test_names_of_whole_tokens_are_their_text(organism):
    for token in organism("Japan", add_special_tokens=False)["input_ids"]:
        assert token_name(organism, token) == organism.decode([token])
