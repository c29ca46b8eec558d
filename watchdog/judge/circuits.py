"""How many tasks fail together → each Connect cluster's circuit, opened and closed."""

from __future__ import annotations

from dataclasses import replace

from watchdog.judge.ledger import Ledger
from watchdog.model import Circuit, ClusterView
from watchdog.policy import Policy


def watch_circuits(ledger: Ledger) -> None:
    """Its state is remembered, so that a restart of ours does not begin anew with many calls at once."""
    for view in ledger.seen.clusters.values():
        # What is not seen whole tells of no share.
        if view.polled_at is None or view.error or not view.complete:
            continue
        before = ledger.memory.circuits.get(view.name)
        failing, tasks = _failing(ledger, view.name), _tasks(view)
        enough = _enough(ledger.policy, tasks)
        if (before is None or not before.open) and failing >= enough:
            _keep(ledger, Circuit(view.name, ledger.now, failing, tasks))
            _note(
                ledger, view.name, f"opened: {failing} of {tasks} tasks fail together; each cause is tried once first"
            )
        # Half of what opens it: a count that hovers around the limit opens it once.
        elif before is not None and before.open and failing < enough / 2:
            _keep(ledger, replace(before, closed_at=ledger.now))
            _note(ledger, view.name, f"closed: {failing} of {tasks} tasks fail")


def _enough(policy: Policy, tasks: int) -> float:
    return max(float(policy.circuit_tasks_min), policy.circuit_share_min * tasks)


def _failing(ledger: Ledger, cluster: str) -> int:
    """A restarted one counts until its recovery is proved."""
    return sum(
        max(1, len(incident.tasks))
        for incident in ledger.memory.incidents.values()
        if incident.open and incident.code.is_failure and incident.key.cluster == cluster and not incident.recovered_at
    )


def _tasks(view: ClusterView) -> int:
    return sum(max(1, len(status.tasks)) for status in view.connectors.values())


def _keep(ledger: Ledger, circuit: Circuit) -> None:
    ledger.memory = replace(ledger.memory, circuits={**ledger.memory.circuits, circuit.cluster: circuit})


def _note(ledger: Ledger, cluster: str, what: str) -> None:
    ledger.note_data("", "circuit", f"the circuit of Connect cluster {cluster} {what}", {"connect_cluster": cluster})
