"""``python -m interp`` is the same command as ``interp``."""

from interp.cli import main

if __name__ == "__main__":
    main()
