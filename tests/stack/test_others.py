"""A person edits, restarts and pauses a connector during its incident: all of it is told, nothing is fought."""

from __future__ import annotations

from stack import Pipeline, Stack
from stack.pipeline import Spec

from tests.stack.proxy import RecordingProxy
from tests.stack.watchdog_process import Watchdog, eventually, never

SPEC = Spec(
    prefix="others", database="others", target_database="others_dw", source="others-source", sink="others-sink", tasks=1
)
SETTINGS = {"WATCHDOG_STABILITY_WINDOW_SECONDS": "3"}
CANARY = "17171717"


def test_a_person_restarts_edits_and_pauses_during_an_incident_and_is_told_and_let_be(
    stack: Stack, pipeline: Pipeline, proxy: RecordingProxy, watchdog: Watchdog
) -> None:
    sink, connect = SPEC.sink, stack.connect
    pipeline.alter("ADD COLUMN unexpected_field VARCHAR(64)")
    pipeline.insert(2)
    connect.wait_failed(sink)
    incident = watchdog.wait_for_incident(sink, 60, columns=["unexpected_field"], verdict="hold")

    def lines() -> list[str]:
        return watchdog.log().splitlines()

    def says(*words: str, after: int = 0) -> int:
        """Waits for a line behind that many; how many there are up to it."""

        def found() -> int | None:
            each = (n for n, line in enumerate(lines(), 1) if n > after and all(word in line for word in words))
            return next(each, None)

        return eventually(found, 60, lambda: f"the log says {words} after line {after}:\n{watchdog.log()}")

    # In vain: the column is still missing.
    so_far = len(lines())
    connect.call("POST", f"/connectors/{sink}/restart?includeTasks=true&onlyFailed=true")
    so_far = says(f"{sink} hold: waiting until", after=says(f"{sink} verify: RUNNING", after=so_far))
    config = connect.call("GET", f"/connectors/{sink}/config")
    connect.call("PUT", f"/connectors/{sink}/config", {**config, "errors.retry.timeout": CANARY})
    # Connect restarts what it is configured anew.
    says(f"{sink} hold: waiting until", after=says(f"{sink} verify: RUNNING", after=so_far))
    connect.call("PUT", f"/connectors/{sink}/pause")
    says(f"{sink} leave-alone: PAUSED")
    stack.target.execute(incident["way_out"])
    never(proxy.changes, 4, "a call of ours to a connector that a person has in hand")
    connect.call("PUT", f"/connectors/{sink}/resume")
    says(f"[{incident['id']}] {sink} resolved")
    assert pipeline.target_ids() == pipeline.source_ids()
    assert len(proxy.restarts(sink)) <= 1

    notes = [entry["text"] for entry in watchdog.timeline(incident["id"]) if entry["kind"] == "note"]
    others = [note.partition(" at ")[0] for note in notes if "someone else" in note]
    assert others[0] == "restarted by someone else"
    assert "configuration edited by someone else: errors.retry.timeout" in others
    assert others.index("paused by someone else") < others.index("resumed by someone else (it was PAUSED)")
    assert CANARY not in str(notes), "a value was told"
