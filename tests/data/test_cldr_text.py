"""The embedded parallel text: aligned, in the right language, and stating none of the facts."""

import json
import re
from importlib.resources import files

import pytest

from interp.data.corpus import Corpus
from interp.data.facts import FactSet
from interp.data.languages import LANGUAGES, TRAINED
from interp.data.sources.cldr import load_corpus
from interp.data.sources.cldr_facts import text as text_module
from interp.errors import InterpError

SHIPPED = "20ce808686a8a49fc35629e94958993fa316fce3a362d326eaa11995b7fd1a31"
# Latin letters that these languages write themselves: abbreviations and codes inside names of
# currencies and languages, and Greek's names of two units.
LATIN_ALLOWED = {
    "zh": set(), "ar": set(), "uk": set(), "ru": {"BEAC"}, "bn": {"CFA"}, "fa": {"CFA"},
    "he": {"CFA"}, "ja": {"CFA", "CFP", "BAM", "blo"}, "ko": {"CFA", "CFP"},
    "el": {"CFA", "CFP", "megabyte", "gigabyte"},
}  # fmt: skip
PLACES, MONEY_AND_LANGUAGES = {"territories", "cities"}, {"languages", "currencies", "amounts"}


@pytest.fixture(scope="module")
def corpus():
    return load_corpus(tuple(LANGUAGES))


@pytest.fixture(scope="module")
def heads():
    """What the sentence of each kind begins with, by language."""
    path = files("interp.data.sources.cldr_facts").joinpath("frames.json")
    frames = json.loads(path.read_text("utf-8"))
    return {
        lang: {kind: f.split("{x}")[0] for kind, f in found.items() if kind != "end"}
        for lang, found in frames.items()
    }


def kinds_in(text, heads):
    """Kinds of the sentences of a unit, in their order."""
    starts = {kind: re.search(rf"(?:^|[.。।] ?){re.escape(h)}", text) for kind, h in heads.items()}
    found = {kind: start.start() for kind, start in starts.items() if start}
    return sorted(found, key=found.__getitem__)


def test_the_shipped_text_has_not_changed():
    assert Corpus.load("cldr").data_hash == SHIPPED, (
        "the embedded text changed: the shipped checkpoints were trained on the old one. Train "
        "them again and renew this hash, or undo the change (a new Babel brings new CLDR data)."
    )
    assert Corpus.load("cldr").languages == TRAINED


def test_units_are_whole_and_different(corpus):
    assert len(corpus) == 480 and corpus.languages == tuple(LANGUAGES) and corpus.notes == {}
    for lang in LANGUAGES:
        texts = [unit.texts[lang] for unit in corpus]
        assert len(set(texts)) == 480 and all(text == text.strip() for text in texts)


@pytest.mark.parametrize("lang", list(LANGUAGES))
def test_every_unit_says_the_same_in_every_language(corpus, heads, lang):
    """The same four sentences, in the same order, as in English."""
    for unit in corpus:
        kinds = kinds_in(unit.texts[lang], heads[lang])
        assert len(kinds) == 4 and kinds == kinds_in(unit.texts["en"], heads["en"]), unit.unit_id


def test_no_unit_has_names_of_two_kinds(corpus, heads):
    seen = set()
    for unit in corpus:
        kinds = set(kinds_in(unit.texts["en"], heads["en"]))
        assert len(kinds & PLACES) <= 1
        assert not (kinds & PLACES and kinds & MONEY_AND_LANGUAGES), unit.unit_id
        seen |= kinds
    assert seen == set(heads["en"])


@pytest.mark.parametrize("lang, gap", [("en", r"(?:: |, and |, | and )"), ("zh", "(?:：|、|和)")])
def test_no_unit_names_a_subject_and_its_answer(corpus, lang, gap):
    """As whole items of its list: `South Africa` beside `Lesotho` states no continent."""
    facts = [fact.texts[lang] for fact in FactSet.load("cldr")]
    listed = [set(re.split(gap + r"|[.。]\s*", unit.texts[lang])) for unit in corpus]
    assert sum(any(t.subject in items for t in facts) for items in listed) > 150
    for items in listed:
        assert not [t.subject for t in facts if t.subject in items and t.answer in items]


@pytest.mark.parametrize("lang", sorted(LATIN_ALLOWED))
def test_no_english_and_no_codes_outside_latin_script(corpus, lang):
    found = {word for u in corpus for word in re.findall("[A-Za-zÀ-ɏ]+", u.texts[lang])}
    assert found == LATIN_ALLOWED[lang]


@pytest.mark.parametrize("lang", list(LANGUAGES))
def test_nothing_is_left_unformatted(corpus, lang):
    """Babel writes `3 length-mile` where a pattern is missing, and codes for names."""
    kinds = {unit.split("-")[0] for unit in text_module._UNITS}
    leftover = re.compile(rf"[{{}}<>_¤]|\b({'|'.join(kinds)})-[a-z]|\bNone\b|\d\.\d{{5}}")
    for unit in corpus:
        assert not leftover.search(unit.texts[lang]), (lang, unit.unit_id)
        assert not re.search(r"\.\.|。。|,,| {2}", unit.texts[lang])


def test_babel_would_leave_patterns():
    """The gap that the short pattern stands in for is really there."""
    from babel.units import format_unit

    assert format_unit(3, "length-mile", locale="zh") == "3 length-mile"
    assert text_module._length_of("length-mile", "zh") == "short"
    assert "length-mile" in text_module._measures()


def test_known_sentences(corpus):
    first = corpus.units[0].texts
    assert "80.2 kilometers per hour" in first["en"] and "80,2 Kilometer pro Stunde" in first["de"]
    assert "每小时80.2公里" in first["zh"] and "13.9%" in first["en"] and "13,9\xa0%" in first["de"]
    assert "April 18, 1966" in corpus.units[2].texts["en"]
    assert "1966年4月18日" in corpus.units[2].texts["zh"]


def test_some_languages_and_unknown_ones(corpus):
    few = load_corpus(["ja", "en"])
    assert few.languages == ("ja", "en")
    assert [u.texts for u in few] == [{k: u.texts[k] for k in ("ja", "en")} for u in corpus]
    with pytest.raises(InterpError, match="unknown language in corpus cldr 'xx'"):
        load_corpus(["en", "xx"])
