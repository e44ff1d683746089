"""Sphinx: the pages in this folder, the command line and the API, without a request to any host.

sphinx-build -W --keep-going -b html docs build/docs
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Before anything imports transformers: building these pages asks no hub and fights for no core.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

from interp import __version__  # noqa: E402  (found by the line above)

project = "interp"
author = "The interp developers"
copyright = "the interp developers; MIT"  # the name Sphinx asks for
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "docstrings",  # this and the following stand in docs/_ext
    "mathml",
    "generated",
    "house_links",
    "accessible",
]
exclude_patterns = ["_ext", "pictures"]
root_doc = "index"

myst_enable_extensions = ["attrs_block", "colon_fence", "deflist", "dollarmath"]
# dollars inside code and prices are no formulae
myst_dmath_allow_space = False
myst_dmath_double_inline = False
myst_heading_anchors = 3
# Fences without a language hold shell lines and folder trees.
highlight_language = "text"

# The house writes `interp.x.y` in single backticks: a link where there is something to link to,
# code where there is not.
default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docs/_ext/docstrings.py puts them into signatures
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_attr_annotations = False  # they stand in the signature
python_maximum_signature_line_length = 88
add_module_names = False

html_math_renderer = "mathml"
html_theme = "furo"
html_title = "interp"
html_static_path = ["_static"]
html_css_files = ["house.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "source_repository": "",
    "light_css_variables": {"color-brand-primary": "#005a9e", "color-brand-content": "#005a9e"},
    "dark_css_variables": {"color-brand-primary": "#6cb8ff", "color-brand-content": "#6cb8ff"},
}
