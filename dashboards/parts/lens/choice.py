"""Choosing a fact on the logit lens page: filters, the facts that match, the fact as it was asked."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from dashboards.controls import ask_text, choose, set_control
from dashboards.links import query
from dashboards.page import Chosen
from dashboards.rows import pick_row
from dashboards.texts import direction, language_name, paragraph, plain
from interp.data.fact_groups import ENGLISH_ONLY, STATED
from interp.lens.fact_search import ANY, fact_index, facts_of, matching
from interp.lens.role_cube import RoleCube

ROWS_SEEN = 7
"""Rows of the table of facts that are seen without scrolling."""


@dataclass(frozen=True)
class Filter:
    """Which facts are looked at.

    Attributes:
        fact_ids: those that match.
        group: ``ANY`` or what the language's text states.
        narrowed: whether anything beside ``group`` leaves facts out.
    """

    fact_ids: tuple[str, ...]
    group: str
    narrowed: bool

    def words(self) -> str:
        """Say which facts these are, for a title."""
        kind = "all facts" if self.group == ANY else f"facts {self.group}"
        return f"{kind}, as filtered" if self.narrowed else kind


def choose_facts(chosen: Chosen, data_hash: str, lang: str) -> Filter:
    """Draw the filters.

    Args:
        chosen: the sidebar's choice.
        data_hash: of the fact set.
        lang: the language whose text states a fact or not.
    """
    index = chosen.source.derive(fact_index, data_hash)
    own = chosen.source.derive(facts_of, data_hash, lang)
    words, relation, split, group = st.columns([2, 1, 1, 1])
    with words:
        asked = ask_text(
            "Search facts",
            "l_find",
            hint="in question, subject or answer, any language",
            help='Every word has to occur, "quoted words" as they stand.',
        )
    with relation:
        of_relation = choose("Relation", [ANY, *sorted(index["relation"].unique())], "l_relation")
    with split:
        of_split = choose("Split", [ANY, *sorted(index["split"].unique())], "l_split")
    with group:
        of_group = choose(
            "Stated",
            [ANY, STATED, ENGLISH_ONLY],
            "l_stated",
            help="Whether the training text of this language states the fact, or only the English one.",
        )
    if of_group != ANY and own["group"].isna().all():
        st.info(f"The facts do not say what the {language_name(lang)} training text states.")
    found = matching(index, own, words=asked, relation=of_relation, split=of_split, group=of_group)[
        "fact_id"
    ]
    narrowed = bool(asked.strip()) or of_relation != ANY or of_split != ANY
    return Filter(tuple(found), of_group, narrowed)


def choose_fact(
    chosen: Chosen, data_hash: str, lang: str, found: Filter, cubes: Mapping[str, RoleCube]
) -> str | None:
    """List the facts that match and choose one of them, by a click on its row or by its id.

    Args:
        chosen: the sidebar's choice.
        data_hash: of the fact set.
        lang: the language.
        found: the facts that match.
        cubes: label to ranks: which facts were asked.

    Returns:
        The fact; None where none matches and none was chosen before.
    """
    known = set(chosen.source.derive(fact_index, data_hash)["fact_id"])
    current = st.session_state.get("fact") or st.query_params.get("fact")
    # a link may name a fact that the filters leave out: it stays chosen
    kept = [current] if current in known and current not in found.fact_ids else []
    options = [*kept, *found.fact_ids]
    ranked = _ranked(lang, cubes)
    if found.fact_ids:
        table = _table(chosen, data_hash, lang, found, ranked)
        pick_row(
            table,
            found.fact_ids,
            "l_table",
            chosen=current,
            on_pick=partial(set_control, "fact"),
            alt=f"Facts that match, in {language_name(lang)}",
            height=35 * (ROWS_SEEN + 1) + 3,
        )
        st.caption(
            f"{len(found.fact_ids):,} facts match, {int((table['ranked by'] > 0).sum()):,} are ranked in "
            f"{language_name(lang)}. A click at the left of a row chooses the fact."
        )
    else:
        st.info("No fact matches. Take a filter away, or search for other words.")
    if not options:
        return None
    first = next((fact for fact in options if fact in ranked), options[0])
    fact = choose("Fact", options, "fact", default=first, help="A click on a row chooses it, too.")
    if fact in kept and found.fact_ids:
        st.caption(
            f"{plain(fact)} is not among the facts that match; it stays until another is chosen."
        )
    return fact


def show_fact(chosen: Chosen, data_hash: str, lang: str, fact: str) -> None:
    """Show a fact as it was asked, in its own language and in English, with a link to its answers."""
    codes = dict.fromkeys((lang, "en"))
    for column, code in zip(st.columns(len(codes)), codes, strict=True):
        own = chosen.source.derive(facts_of, data_hash, code)
        with column, st.container(border=True):
            st.caption(language_name(code))
            if fact in own.index:
                st.html(_as_asked(_row(own, fact), code))
            else:
                st.info(f"The fact set has no text of {plain(fact)} in {language_name(code)}.")
    st.page_link(
        "views/facts.py",
        label="The answers to this fact in every language",
        icon=":material/fact_check:",
        query_params=query(fact=fact, lang=lang),
    )


def _ranked(lang: str, cubes: Mapping[str, RoleCube]) -> dict[str, int]:
    """Count, per fact, the checkpoints that ranked it in a language."""
    counts: dict[str, int] = {}
    for cube in cubes.values():
        for fact, there in zip(cube.fact_ids, cube.asked(lang), strict=True):
            if there:
                counts[fact] = counts.get(fact, 0) + 1
    return counts


def _table(
    chosen: Chosen, data_hash: str, lang: str, found: Filter, ranked: Mapping[str, int]
) -> pd.DataFrame:
    own = chosen.source.derive(facts_of, data_hash, lang).reindex(found.fact_ids)
    english = chosen.source.derive(facts_of, data_hash, "en")["answer"].reindex(found.fact_ids)
    index = chosen.source.derive(fact_index, data_hash).set_index("fact_id")
    index = index.reindex(found.fact_ids)
    table = pd.DataFrame(
        {
            "question": own["question"],
            "answer": own["answer"],
            "English answer": english,
            "relation": index["relation"],
            "split": index["split"],
            "stated": own["group"],
            "ranked by": [ranked.get(fact, 0) for fact in found.fact_ids],
        },
        index=pd.Index(found.fact_ids, name="fact"),
    )
    return table.reset_index()


def _row(facts: pd.DataFrame, fact: str) -> dict[str, Any]:
    return {str(name): cell for name, cell in facts.loc[[fact]].iloc[0].items()}


def _as_asked(fact: Mapping[str, Any], lang: str) -> str:
    options = "".join(
        f"<li>{html.escape(str(option))}</li>"
        if place != fact["answer_index"]
        else f"<li><b>{html.escape(str(option))} ✓</b></li>"
        for place, option in enumerate(fact["options"])
    )
    # the room for the marks is at the side where lines begin
    room = "margin:0;padding:0;padding-inline-start:1.2rem"
    code = html.escape(lang, quote=True)
    listed = f'<ul lang="{code}" dir="{direction(lang)}" style="{room}">{options}</ul>'
    return paragraph(html.escape(str(fact["question"])), lang, bold=True) + listed
