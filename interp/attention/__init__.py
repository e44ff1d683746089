"""Attention patterns: where a few chosen heads look, on the same sample texts in every language."""
