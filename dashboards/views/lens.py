"""Logit lens: where along the layers an answer is found, in English and in the language asked."""

from collections.abc import Mapping

import streamlit as st

from dashboards.controls import choose
from dashboards.faults import told
from dashboards.page import Chosen, begin
from dashboards.parts.lens.choice import choose_fact, choose_facts, show_fact
from dashboards.parts.lens.fact import say_absent, say_tokens, show_ranks, show_tokens
from dashboards.parts.lens.sets import show_compared, show_curves
from dashboards.texts import language_name
from interp.errors import InterpError
from interp.lens.absent import dropped_text
from interp.lens.role_cube import RoleCube, role_cube
from interp.plates.transition.part import read_part
from interp.plates.transition.words import measure_differs
from interp.study import Study

TOKEN_RULES = {
    "first": "the first token of the answer, as it follows the prompt",
    "last": "the last token of the answer",
    "prefix_set": "the best of all tokens that begin the answer, with and without a space",
}
PROMPT_FORMS = {
    "qa": "“Question: … Answer:”",
    "native": "question and answer in the language's own words",
    "cloze": "the facts' own incomplete sentence",
    "chat": "the checkpoint's chat template",
}


def main() -> None:
    """Draw the page."""
    chosen = begin("Logit lens")
    runs = chosen.choose_runs("lens")
    cubes = _cubes(chosen, runs)
    runs = {label: run_id for label, run_id in runs.items() if label in cubes}
    if not runs:
        return
    asked = list(dict.fromkeys(lang for cube in cubes.values() for lang in cube.languages))
    languages = chosen.shown(asked)
    if not languages:
        st.info(
            "No lens run asked in any of the languages chosen in the sidebar: expected one of "
            f"{', '.join(asked)}."
        )
        return
    other = next((code for code in languages if code != "en"), languages[0])
    lang = choose(
        "Language", languages, "lang", default=other, help="Of the prompt and the target."
    )
    _say_measure(chosen, runs, lang)
    with told():
        _show(chosen, runs, cubes, lang)


def _show(
    chosen: Chosen, runs: Mapping[str, str], cubes: Mapping[str, RoleCube], lang: str
) -> None:
    data_hash = str(chosen.about(list(runs.values()))["data_hash"].iloc[0])
    st.subheader("One fact")
    found = choose_facts(chosen, data_hash, lang)
    fact = choose_fact(chosen, data_hash, lang, found, cubes)
    if fact is not None:
        show_fact(chosen, data_hash, lang, fact)
        say_absent(chosen, runs, cubes, data_hash, fact, lang)
        part = read_part(chosen.source.derive, runs, fact, lang)
        if part is not None:
            say_tokens(part, lang)
            show_ranks(chosen, runs, part, fact, lang)
            show_tokens(chosen, runs, part, fact, lang)
    st.subheader("All facts that match")
    if found.fact_ids:
        show_curves(chosen, runs, cubes, lang, found)
    show_compared(chosen, runs, lang, found)


def _cubes(chosen: Chosen, runs: Mapping[str, str]) -> dict[str, RoleCube]:
    """Read every run's ranks; one that cannot be read is said, and the others are shown."""
    cubes = {}
    for label, run_id in runs.items():
        try:
            cubes[label] = chosen.source.derive(role_cube, run_id)
        except InterpError as error:
            st.error(str(error), icon=":material/error:")
    return cubes


def _say_measure(chosen: Chosen, runs: Mapping[str, str], lang: str) -> None:
    """Say what is ranked, where runs differ in that, and what they left out."""
    asked = {
        label: chosen.source.derive(Study.spec, run_id)["arguments"]
        for label, run_id in runs.items()
    }
    first = next(iter(asked.values()))
    rule, form = str(first.get("token_rule", "first")), str(first.get("prompt_form", "qa"))
    ties = "" if first.get("ties", "best") == "best" else "; tied tokens share their mean rank"
    st.caption(
        f"Token rule {rule}: {TOKEN_RULES.get(rule, 'see the run')}. Prompt form {form}: "
        f"{PROMPT_FORMS.get(form, 'see the run')}. Final norm {first.get('final_norm', 'once')}{ties}."
    )
    if differs := measure_differs(asked):
        st.warning(differs)
    notes = {label: chosen.source.derive(Study.notes, run_id) for label, run_id in runs.items()}
    kept = {label: dropped_text(note.get("items", ()), lang) for label, note in notes.items()}
    texts = dict.fromkeys(text for text in kept.values() if text)
    for text in texts:
        labels = [label for label, one in kept.items() if one == text]
        who = "" if len(texts) == 1 and len(labels) == len(runs) else f"{', '.join(labels)}: "
        st.caption(f"{who}Ranked in {language_name(lang)}: {text}.")
    for note in dict.fromkeys(note["note"] for note in notes.values() if note.get("note")):
        st.warning(str(note))


main()
