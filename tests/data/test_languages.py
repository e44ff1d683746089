import pytest

from interp.data.languages import HELD_OUT, LANGUAGES, TRAINED, check, get, normalise
from interp.errors import InterpError


def test_the_twenty_two_languages_of_the_study():
    assert (
        tuple(["en", "de", "es", "fr", "pt", "id", "ru", "ar", "zh", "ja", "sw", "bn"]) == TRAINED
    )
    assert tuple(["ca", "el", "fa", "he", "hu", "ko", "nl", "tr", "uk", "vi"]) == HELD_OUT
    assert {c for c, lang in LANGUAGES.items() if lang.direction == "rtl"} == {"ar", "fa", "he"}
    # The release's later tables call exactly these trained languages low-resource.
    assert {c for c in TRAINED if get(c).tier == "low"} == {"id", "sw", "bn"}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("eng_Latn", "en"), ("zho_Hans", "zh"), ("zh-CN", "zh"), ("pt_BR", "pt"), ("swh", "sw"),
        ("pes_Arab", "fa"), ("iw", "he"), ("en", "en"), ("arz_Arab", "arz-arab"), ("it", "it"),
    ],
)  # fmt: skip
def test_codes_of_other_conventions(given, code):
    assert normalise(given) == code


def test_other_languages_are_described_by_cldr():
    assert (get("it").name, get("it").script, get("it").direction) == ("Italian", "Latin", "ltr")
    assert (get("ur").script, get("ur").direction) == ("Arabic", "rtl")
    with pytest.raises(InterpError, match=r"'en,de' is not a language code"):
        get("en,de")


def test_check_keeps_the_order_asked_for_and_names_what_exists():
    assert check(None, ["zh", "xal", "en"], "corpus c") == ("en", "zh", "xal")
    assert check(["zh", "en"], ["en", "zh"], "corpus c") == ("zh", "en")
    with pytest.raises(InterpError, match=r"unknown language in corpus c 'xx': expected one of en"):
        check(["xx"], ["en"], "corpus c")
    with pytest.raises(InterpError, match=r"once"):
        check(["en", "en"], ["en"], "corpus c")
    with pytest.raises(InterpError, match=r"no language chosen"):
        check([], ["en"], "corpus c")
