"""`python -m watchdog` is the command `watchdog`."""

import sys

from watchdog.cli import main

sys.exit(main())
