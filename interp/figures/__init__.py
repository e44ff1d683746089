"""Charts of what a study holds: pure builders, frame in, plotly figure out.

They compute nothing and read nothing; whoever calls them (dashboard, notebook, report) has the frame
already, shows it beside the chart and offers it for download. Conventions:

- a checkpoint is one colour, marker and dash (`interp.figures.marks`), in every chart;
- one of twelve languages is never told by colour alone: facets, rows, labels;
- ranks are shown as rank + 1, layers, heads and neurons 0-based, and the axis says so;
- a bar axis begins at 0; a diverging scale is centred on 0; a value that is not a number is a gap;
- no text colour is set, so that a light and a dark page both stay readable.
"""
