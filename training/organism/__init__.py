"""The model organism of cross-lingual factual inconsistency, and how it is made.

A language model of a few million parameters learns facts from Unicode CLDR: English states
every fact, the other languages only some. It then answers well what a language stated, and
badly what only English did, which is the phenomenon the suite analyses.
"""
