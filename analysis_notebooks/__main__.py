"""Execute the notebooks, or check that what is committed is what they give."""

from __future__ import annotations

import sys

from analysis_notebooks.machinery.command import main

sys.exit(main())
