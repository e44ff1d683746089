"""The organism's byte-level BPE tokenizer, trained in seconds on balanced text.

Byte level: no text is unknown. Two choices keep twelve scripts readable in 4,096 tokens. The
training text has the same number of characters per language, so no script starves. And the
split into words knows scripts: a Han character stands alone, katakana and hiragana runs are
apart, and combining marks stay inside their word, so that a name has the same tokens in
running text, in a list and as an answer. (GPT-2's split glues Chinese and Japanese names to
the words around them and tears Bengali words apart at every vowel sign.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

DOCUMENT_START = "<eos>"
PADDING = "<pad>"

_CJK = r"\p{Han}\p{Hiragana}\p{Katakana}"
WORDS = (
    r"\p{Han}|[\p{Katakana}ー]+|\p{Hiragana}+"
    rf"| ?(?:(?![{_CJK}])[\p{{L}}\p{{M}}])+"
    r"| ?\p{N}{1,3}| ?[^\s\p{L}\p{M}\p{N}]+|\s+"
)
"""Pattern of one word for the byte-pair merges (Oniguruma syntax); merges never cross words."""


def train_tokenizer(
    text: Mapping[str, Sequence[str]], vocabulary: int = 4096
) -> PreTrainedTokenizerFast:
    """Train the tokenizer on the same number of characters of every language.

    Args:
        text: language code to pieces of text, in order of importance; each list is repeated
            or cut to the length of the median language.
        vocabulary: number of tokens, the 256 bytes and two special tokens included.

    Returns:
        A fast tokenizer that puts `DOCUMENT_START` before every text by itself.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[DOCUMENT_START, PADDING],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_balanced(text), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{DOCUMENT_START} $A", special_tokens=[(DOCUMENT_START, 0)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=DOCUMENT_START,
        eos_token=DOCUMENT_START,
        pad_token=PADDING,
        clean_up_tokenization_spaces=False,
        model_max_length=512,
        padding_side="right",
    )


def _balanced(text: Mapping[str, Sequence[str]]) -> Iterable[str]:
    sizes = sorted(sum(map(len, pieces)) for pieces in text.values())
    target = sizes[len(sizes) // 2]
    for pieces in text.values():
        written = 0
        while written < target and any(pieces):
            for piece in pieces:
                yield piece
                written += len(piece)
                if written >= target:
                    break
