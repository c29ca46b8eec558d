"""`python scripts/failures collect`: a folder that is run has no package around it, so it is put there first."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from failures.cli import main  # noqa: E402 - found only once the line above has run

if __name__ == "__main__":
    sys.exit(main())
