"""Facts and text from Unicode CLDR: names, truths, leaks, distractors, templates."""
