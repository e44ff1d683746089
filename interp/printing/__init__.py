"""Figures as files: sizes, fonts and formats for a paper, through Kaleido and a Chrome on this machine."""
