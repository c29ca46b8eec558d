"""What a failure is by its kind of exception, where no catalogue entry knows its message.

A family is a catalogue entry without a known message: found by the exception's class, by a database's SQLSTATE or error
number, or by words that all of its kind share. It never says that a restart helps unless every failure of it is
transient; where a wrong setting looks the same from here, it says `once`.
"""

from __future__ import annotations

from functools import cache

from watchdog.diagnose.catalogue import Catalogue
from watchdog.diagnose.contents import CONTENTS
from watchdog.diagnose.entries import Entry
from watchdog.diagnose.refusals import REFUSALS
from watchdog.diagnose.ways import WAYS

# The order is meaning: what is precise stands before what is vague, and an authorization failure is often also some
# kind of connection failure, never the reverse.
_FAMILIES = (*REFUSALS, *WAYS, *CONTENTS)


@cache
def families() -> Catalogue:
    return Catalogue(
        Entry(
            id=f"family.{family.name.replace(' ', '-')}",
            side=family.side,
            pattern=family.pattern,
            category=family.category,
            restart=family.restart,
            schema_drift=family.drift,
            cause=family.cause,
            fix=family.fix,
        )
        for family in _FAMILIES
    )
