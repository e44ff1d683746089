"""Entry point of the dashboard: the pages, in the order in which a study is best read.

Started by ``interp dashboard --study PATH`` or ``streamlit run dashboards/app.py -- --study PATH``.
"""

import contextlib
from pathlib import Path

import streamlit as st

from dashboards.faults import Stopped, told

PAGES = (
    st.Page("views/overview.py", title="Overview", icon=":material/home:", default=True),
    st.Page("views/lens.py", title="Logit lens", icon=":material/layers:"),
    st.Page("views/heads.py", title="Heads", icon=":material/grid_on:"),
    st.Page("views/neurons.py", title="Neurons", icon=":material/scatter_plot:"),
    st.Page("views/statistics.py", title="Statistics", icon=":material/balance:"),
    st.Page("views/training.py", title="Training", icon=":material/trending_up:"),
    st.Page("views/facts.py", title="Facts", icon=":material/fact_check:"),
)

# An icon of our own: one of Streamlit's would be fetched from a font server.
ICON = Path(__file__).with_name("icon.png")

# Keys of the widgets that several pages have. (A comment: Streamlit shows a text that stands alone.)
SHARED = ("study", "base", "labels", "langs", "lang", "fact")


def carry_over(page: str) -> None:
    """Keep what was chosen (or linked to) on the page before, in the widgets and in the URL.

    A page's widgets are new ones to Streamlit: on its first run they would begin with their defaults,
    and the URL with nothing, although the session holds the values. What a link to the page asks for
    goes before.

    Args:
        page: the page that is about to run.
    """
    if st.session_state.get("page_before", page) == page:
        return
    asked, held = st.session_state["asked_before"], st.session_state["held_before"]
    for key in SHARED:
        if key in held and key not in st.query_params:
            st.session_state[key] = held[key]
            if key in asked:
                st.query_params[key] = asked[key]


def remember(page: str) -> None:
    """Note what a page leaves to the next."""
    st.session_state["page_before"] = page
    st.session_state["held_before"] = {
        key: st.session_state[key] for key in SHARED if key in st.session_state
    }
    st.session_state["asked_before"] = {
        key: st.query_params.get_all(key) for key in SHARED if key in st.query_params
    }


st.set_page_config(page_title="interp", page_icon=str(ICON), layout="wide")
page = st.navigation(list(PAGES))
carry_over(page.url_path)
try:
    with told(), contextlib.suppress(Stopped):
        page.run()
finally:
    remember(page.url_path)
