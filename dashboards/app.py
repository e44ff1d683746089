"""Entry point of the dashboard: the pages, in the order in which a study is best read.

Started by ``interp dashboard --study PATH`` or ``streamlit run dashboards/app.py -- --study PATH``.
"""

from pathlib import Path

import streamlit as st

from dashboards.faults import told

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

st.set_page_config(page_title="interp", page_icon=str(ICON), layout="wide")
with told():
    st.navigation(list(PAGES)).run()
