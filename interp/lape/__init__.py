"""Language activation probability entropy (LAPE): which neurons belong to a language."""
