"""Reads numbers and tables off a page."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest


def numbers(values: Any) -> list[Any]:
    """Return an array of a figure as a list; a page sends numbers packed."""
    if isinstance(values, dict) and "bdata" in values:
        flat = np.frombuffer(base64.b64decode(values["bdata"]), np.dtype(values["dtype"]))
        if "shape" in values:
            flat = flat.reshape([int(one) for one in str(values["shape"]).split(",")])
        return list(flat.tolist())
    return [] if values is None else list(values)


def table_with(app: AppTest, *columns: str) -> pd.DataFrame:
    """Return the one table of a page that has all of these columns."""
    found = [one.value for one in app.dataframe if set(columns) <= set(one.value.columns)]
    assert len(found) == 1, [list(one.columns) for one in found]
    table: pd.DataFrame = found[0]
    return table


def choose_row(app: AppTest, key: str, row: int) -> AppTest:
    """Choose a row of a table, as a browser does: its callback runs."""
    (chosen,) = [one for one in app.dataframe if one.proto.id.endswith(f"-{key}")]
    states = app._tree.get_widget_states()
    selection = {"selection": {"rows": [row], "columns": [], "cells": []}}
    states.widgets.add(id=chosen.proto.id, string_value=json.dumps(selection))
    return app._run(states)
