"""Runs beside Kafka Connect and Debezium: knows which ALTER TABLE broke the pipeline, restarts the connector once the
cause is gone, and proves that data flows again. The directory listing is the pipeline:

    settings    file, environment                  → Settings, checked whole before anything is connected to
    adapters/   REST, Kafka, SQL, registries       → the ports; the only importers of clients
    observe/    ports asked at their own pace      → messages in one inbox, so that the loop waits for nobody
    world       messages                           → Observation: the last thing heard, and how old it is
    history     records of the schema topics       → each table's shape, each statement that changed it
    topology/   connectors' configurations         → which connector writes which topic, table and target
    compare/    two shapes of a table              → what is different, and what each consumer makes of it
    contracts/  a new shape, a registry's subject  → whether it is refused
    detect/     Observation                        → Symptoms of what FAILED, Findings where nothing did
    diagnose/   a trace                            → its Cause, by a catalogue
    correlate/  Cause, history, records, columns   → Diagnosis: table, columns, statement, what would help
    remedies/   a Cause                            → what must be true before a restart helps, and what tells
    merge       Incidents with one root cause      → one, which lists the others
    decide/     Incident, policy/, now             → Decision, always with a reason; `verify` says what recovered means
    recovery/   a binlog since an offset           → whether a schema history of now would be right for it
    judge/      all of that, for one tick          → what to remember, what to journal, which calls to make
    loop        a tick: `arrive` what came, judge, `keeper` and `remember` what stays, `act`, `tell` the Report
    act         Decision                           → Outcome, its intent journaled first
    workflows/  quarantine, replay, recover        → one journaled step after the other, or everything as it was
    report/     Report                             → metrics, health, live view, log lines, tables, JSON
    look/       one look through the ports         → what `topology` and `drift` show
    explain/    saved documents and traces         → what `explain` says, offline
    assembly/   Settings                           → adapters, workers and the loop, put together
    app/        what a verb wants                  → the loop run, one look, the journal read, a request left in it
    cli/        verbs                              → calls of `app`

`model` holds the nouns, `ports` the seams, `errors` the exception tree. From `world` to `judge` everything is pure: no
client, no clock, no thread.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("cdc-watchdog")
except PackageNotFoundError:  # A checkout that was never installed.
    __version__ = "0+unknown"
