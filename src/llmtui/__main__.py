"""`python -m llmtui`."""

import sys

from llmtui.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
