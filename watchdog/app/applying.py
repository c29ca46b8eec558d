"""`watchdog apply`: what would be run for an incident, where and as whom; and to run it, journaled before and after."""

from __future__ import annotations

from dataclasses import dataclass

from watchdog.adapters.mysql import MySqlColumns
from watchdog.adapters.mysql_alter import MySqlAlter
from watchdog.adapters.mysql_url import address_of
from watchdog.app.asking import ask
from watchdog.app.reading import journaled
from watchdog.assembly import clock
from watchdog.errors import PortError, PortTimeout, WatchdogError
from watchdog.memory import Memory
from watchdog.model import Incident, Request, TableSchema
from watchdog.remedies.applicable import alter_of, changed_since
from watchdog.settings import Settings


@dataclass(frozen=True, slots=True)
class Plan:
    """What `watchdog apply` shows before it does it."""

    incident: Incident
    statement: str
    address: str
    account: str
    """`user@host`, as the server knows it."""

    @property
    def place(self) -> str:
        return f"{self.address} as {self.account}"


def apply_preview(settings: Settings, id: str) -> Plan:  # noqa: A002 — as everywhere
    """What `apply` would run for an incident. Raises `WatchdogError` with why it would run nothing, and what to do."""
    memory = journaled(settings)
    found = [each for each in memory.incidents.values() if each.id.startswith(id)]
    if len(found) != 1:
        raise WatchdogError(f"{len(found)} incidents begin with {id!r}; `watchdog incidents` lists the open ones")
    incident = found[0]
    statement, why = alter_of(incident)
    if why:
        raise WatchdogError(f"incident {incident.id}: {why}")
    address = incident.diagnosis.target_address
    url = _apply_url(settings, address)
    _must_be_the_same(memory, incident, url)
    return Plan(incident, statement, address, MySqlAlter(url).account())


def apply(settings: Settings, planned: Plan) -> str:
    """Run it, the intent stored before; what came of it. Raises `WatchdogError`."""
    memory = journaled(settings)
    incident = memory.incidents.get(planned.incident.id)
    if incident is None or alter_of(incident)[0] != planned.statement:
        raise WatchdogError(f"incident {planned.incident.id} says something else by now: look at it again")
    url = _apply_url(settings, planned.address)
    _must_be_the_same(memory, incident, url)
    intent = _tell(settings, "apply", planned)
    if intent.state != "accepted":
        why = f": {intent.detail}" if intent.detail else ""
        raise WatchdogError(f"the intent could not be journaled, so nothing was run ({intent.state}{why})")
    began = clock()
    try:
        MySqlAlter(url).alter(planned.statement)
    except PortError as error:
        unknown = "; it may still be under way: look at SHOW PROCESSLIST" if isinstance(error, PortTimeout) else ""
        _tell(settings, "applied", planned, result=f"failed: {error}{unknown}")
        raise
    result = f"done in {(clock() - began).total_seconds():.1f} s"
    _tell(settings, "applied", planned, result=result)
    return result


def _tell(settings: Settings, verb: str, planned: Plan, **more: str) -> Request:
    """Leave a request about the incident in the journal."""
    key = planned.incident.key
    told = {"incident": planned.incident.id, "statement": planned.statement, "account": planned.place, **more}
    return ask(settings, verb, key.connector, key.cluster, told)


def _apply_url(settings: Settings, address: str) -> str:
    for each in settings.databases:
        if address_of(each.url.get_secret_value()) == address:
            if each.apply_url is not None:
                return each.apply_url.get_secret_value()
            raise WatchdogError(
                f"no account is configured that may alter tables at {address}: give its entry below `databases:` an "
                "`apply_url` (or `apply_url_file`), or run the statement yourself"
            )
    raise WatchdogError(f"there is no entry for {address} below `databases:`: give it one, with `url` and `apply_url`")


def _must_be_the_same(memory: Memory, incident: Incident, url: str) -> None:
    target, address = incident.diagnosis.target, incident.diagnosis.target_address
    seen = memory.targets.tables.get((address, target)) if target else None
    known: TableSchema | None = seen.schema if seen else None
    reader = MySqlColumns(url, clock=clock)
    try:
        live = reader.columns().tables.get(target) if target else None
    finally:
        reader.close()
    if why := changed_since(known, live):
        raise WatchdogError(f"incident {incident.id}: {why}; nothing was run")
