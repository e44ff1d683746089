"""Facts and text: the material every analysis is run on.

``languages`` names the languages, ``facts`` holds questions with four aligned options,
``corpus`` holds parallel text, ``tokens`` cuts it into blocks of equal budget and ``prompts``
turns facts into token ids. ``sources`` reads the formats in which such data is published.
"""
