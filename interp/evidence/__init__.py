"""Stored comparisons laid out for reading: tables, words, places, what is stale.

No comparison is computed here; of a stored p the distribution can be shown again.

Apart from ``interp.comparison``, whose sources decide whether a stored row is still of this code: how a row is
worded must not make it stale.
"""
