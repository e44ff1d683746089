import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from interp.data.bos import encode, leading_tokens
from interp.data.facts import FactText
from interp.data.prompts import (
    answer_tokens,
    continuations,
    encode_prompt,
    prompt_text,
)
from interp.errors import InterpError
from tests.tiny import byte_tokenizer

TEXT = FactText(
    "What is the capital of France?", ("Paris", "Berlin", "Rome", "Vienna"), 0, "France",
    prompt="The capital of France is",
)  # fmt: skip
TRAINING = ["Question: What is the capital of France?\nAnswer: Paris", "Answer: Parisian Berlin"]


def first_and_number(tokenizer, text, answer, **options):
    """The token that stands for an answer, and its sub-tokens."""
    found = answer_tokens(tokenizer, text, answer, **options)
    return found.ids[0], found.n_subtokens


@pytest.fixture(scope="module")
def bpe():
    """A byte-level BPE that knows " Paris" and " Berlin" as one token each, and few other words."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<s>", "</s>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    tokenizer.train_from_iterator(TRAINING * 10, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")


def test_the_forms():
    tokenizer = byte_tokenizer()
    assert prompt_text(tokenizer, TEXT) == "Question: What is the capital of France?\nAnswer:"
    assert prompt_text(tokenizer, TEXT, form="cloze") == "The capital of France is"
    assert prompt_text(tokenizer, TEXT, form="cloze", trailing_space=True).endswith("is ")
    assert encode_prompt(tokenizer, TEXT) == encode(tokenizer, prompt_text(tokenizer, TEXT))
    with pytest.raises(
        InterpError, match=r"unknown prompt form 'mcq': expected one of qa, native, cloze"
    ):
        encode_prompt(tokenizer, TEXT, form="mcq")
    bare = FactText("Q?", TEXT.options, 0)
    with pytest.raises(InterpError, match=r"'Q\?' brings no cloze prompt"):
        encode_prompt(tokenizer, bare, form="cloze")
    with pytest.raises(
        InterpError, match=r"no chat template .* expected form 'qa', 'native' or 'cloze'"
    ):
        encode_prompt(tokenizer, TEXT, form="chat")


def test_leading_tokens_of_real_kinds_of_tokenizers(bpe):
    assert leading_tokens(byte_tokenizer()) == leading_tokens(bpe) == ()
    assert leading_tokens(byte_tokenizer(True)) == (byte_tokenizer().bos_token_id,)
    assert leading_tokens(bpe, "always") == (bpe.bos_token_id,)
    assert leading_tokens(byte_tokenizer(True), "never") == ()
    # As BERT-like tokenizers do: something in front and something behind; only the front counts.
    both = Tokenizer.from_str(bpe.backend_tokenizer.to_str())
    both.post_processor = processors.TemplateProcessing(
        single="</s> <s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    wrapped = PreTrainedTokenizerFast(tokenizer_object=both, eos_token="</s>")
    assert leading_tokens(wrapped) == leading_tokens(wrapped, "always") == (1, 0)
    without = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(both.to_str()))
    without.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="$A", special_tokens=[]
    )
    with pytest.raises(InterpError, match=r"has no BOS token"):
        leading_tokens(without, "always")


def test_bos_goes_in_front_of_the_prompt():
    tokenizer = byte_tokenizer(True)
    auto = encode_prompt(tokenizer, TEXT)
    assert auto[0] == tokenizer.bos_token_id and auto.count(tokenizer.bos_token_id) == 1
    assert auto == tokenizer(prompt_text(tokenizer, TEXT))["input_ids"]
    assert encode_prompt(tokenizer, TEXT, bos="never") == auto[1:]
    assert encode_prompt(tokenizer, TEXT, bos="always") == auto


def test_first_token_in_context(bpe):
    paris = encode(bpe, " Paris")
    assert len(paris) == 1
    assert first_and_number(bpe, TEXT, "Paris") == (paris[0], 1)
    rome = encode(bpe, " Rome")
    assert len(rome) > 1
    assert first_and_number(bpe, TEXT, "Rome") == (rome[0], len(rome))
    prompt, [(ids, fell_back)] = continuations(bpe, TEXT, ["Rome"], bos="always")
    assert not fell_back and prompt == encode_prompt(bpe, TEXT, bos="always")
    joint = encode(bpe, prompt_text(bpe, TEXT) + " Rome")
    assert [bpe.bos_token_id, *joint] == prompt + ids


def test_last_is_the_release_rule(bpe):
    rome = encode(bpe, " Rome")
    assert first_and_number(bpe, TEXT, "Rome", rule="last") == (rome[-1], len(rome))
    assert rome[-1] != rome[0]


def test_fallback_where_the_tokenizer_merges_over_the_border(bpe):
    # " Paris" is one token, so "Answer: " + "Paris" does not begin with the ids of "Answer: ".
    prompt, [(ids, fell_back)] = continuations(bpe, TEXT, ["Paris"], trailing_space=True)
    assert fell_back and ids == encode(bpe, "Paris")
    assert bpe.decode(prompt + ids).endswith("Answer: Paris")
    found = answer_tokens(bpe, TEXT, "Paris", trailing_space=True)
    assert found.fell_back and found.ids == (ids[0],)
    assert not answer_tokens(bpe, TEXT, "Paris").fell_back


def test_prefix_set_holds_every_token_that_may_begin_the_answer(bpe):
    vocab = bpe.get_vocab()
    found = answer_tokens(bpe, TEXT, "Paris", rule="prefix_set")
    spelled = {bpe.decode([token]) for token in found.ids}
    expected = {
        text
        for text in (bpe.decode([token]) for token in vocab.values())
        if text.strip() and "Paris".startswith(text.lstrip(" ")) and text.count(" ") <= 1
    }
    assert spelled == expected and {" Paris", "Pa", "P"} <= spelled
    assert found.ids[0] == first_and_number(bpe, TEXT, "Paris")[0]
    assert len(set(found.ids)) == len(found.ids)
    # In a script whose characters are several bytes, the first byte in context is what there is.
    chinese = answer_tokens(byte_tokenizer(), TEXT, "巴黎", rule="prefix_set")
    assert chinese.ids == (encode(byte_tokenizer(), " ")[0],)


def test_wrong_rules_and_empty_answers(bpe):
    with pytest.raises(InterpError, match=r"unknown token rule 'best'"):
        first_and_number(bpe, TEXT, "Paris", rule="best")
    with pytest.raises(InterpError, match=r"is empty"):
        first_and_number(bpe, TEXT, " ")


def test_chat_follows_the_template_and_its_bos():
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(byte_tokenizer(True).backend_tokenizer.to_str()),
        bos_token="<s>",
    )
    tokenizer.chat_template = (
        "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
        "{% if add_generation_prompt %}[assistant]{% endif %}"
    )
    ids = encode_prompt(tokenizer, TEXT, form="chat")
    assert ids.count(tokenizer.bos_token_id) == 1 and ids[0] == tokenizer.bos_token_id
    assert tokenizer.decode(ids[1:]) == f"[user]{TEXT.question}[assistant]"
    assert encode_prompt(tokenizer, TEXT, form="chat", bos="always") == ids
    assert encode_prompt(tokenizer, TEXT, form="chat", bos="never") == ids[1:]
    # No space precedes the answer: the turn begins with it.
    assert first_and_number(tokenizer, TEXT, "Paris", form="chat") == (encode(tokenizer, "P")[0], 5)
    tokenizer.chat_template = tokenizer.chat_template.replace("{{ bos_token }}", "")
    assert encode_prompt(tokenizer, TEXT, form="chat") == ids[1:]
    assert encode_prompt(tokenizer, TEXT, form="chat", bos="always") == ids


def test_native_form_asks_in_the_words_of_the_language() -> None:
    tokenizer = byte_tokenizer()
    assert prompt_text(tokenizer, TEXT, form="native", lang="de").splitlines() == [
        f"Frage: {TEXT.question}",
        "Antwort:",
    ]
    assert prompt_text(tokenizer, TEXT, form="native") == prompt_text(tokenizer, TEXT, form="qa")
    with pytest.raises(InterpError, match="native scaffold 'nl': expected one of en, de"):
        encode_prompt(tokenizer, TEXT, form="native", lang="nl")


def test_several_answers_are_encoded_as_each_alone() -> None:
    tokenizer = byte_tokenizer()
    together = continuations(tokenizer, TEXT, ["Paris", "Rome"])
    apart = [continuations(tokenizer, TEXT, [answer]) for answer in ("Paris", "Rome")]
    assert together == (apart[0][0], [one[1][0] for one in apart])
