"""What the verbs call.

watching   `run`: the loop, its HTTP server, the signals that end it
looking    one look at what is so now: `status`, `drift`, `topology`
reading    what the journal tells: `incidents`, `incident`, `journal export`
asking     what a person wants done: a request in the journal, for the running loop or one of our own
preview    what `quarantine`, `recover` would begin with; nothing is changed
applying   `apply`: an incident's ALTER, journaled before and after
"""

from watchdog.app.applying import apply, apply_preview
from watchdog.app.asking import ask
from watchdog.app.looking import drift, look, topology
from watchdog.app.preview import records_plan, recovery_preview
from watchdog.app.reading import incident, incidents, told
from watchdog.app.watching import watch

__all__ = [
    "apply",
    "apply_preview",
    "ask",
    "drift",
    "incident",
    "incidents",
    "look",
    "records_plan",
    "recovery_preview",
    "told",
    "topology",
    "watch",
]
