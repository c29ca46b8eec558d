"""Runs beside Kafka Connect and Debezium: knows which ALTER TABLE broke the pipeline, restarts the connector once the
cause is gone, and proves that data flows again. The directory listing is the pipeline:

    settings    file, environment                  → Settings, checked whole before anything is connected to
    adapters/   REST, Kafka, SQL, SQLite           → the ports; the only importers of clients
    workers     one thread for each slow system    → messages in one inbox, so that the loop waits for nobody
    observe     a port asked at its own pace       → messages; what cannot be reached is data
    probe       what the judges want to know       → offsets and waiting records of one connector
    world       messages                           → Observation: the last thing heard, and how old it is
    history     records of the schema topics       → each table's shape, each statement that changed it
    topology    connectors' configurations         → which connector writes which topic, table and target
    detect/     Observation                        → Symptoms
    diagnose/   a trace                            → its Cause, by a catalogue
    correlate   Cause, history, records, columns   → Diagnosis: table, columns, statement, what would help
    merge       Incidents with one root cause      → one, which lists the others
    decide      Incident, policy, now              → Decision, always with a reason; `verify` says what recovered means
    judge       all of that, for one tick          → what to remember, what to journal, which calls to make
    act         Decision                           → Outcome, its intent journaled first
    report/     Report                             → metrics, health, live view, log lines, tables, JSON
    cli/        verbs                              → calls of `app`, which puts all of it together

`model` holds the nouns, `ports` the seams, `errors` the exception tree. From `world` to `judge` everything is pure: no
client, no clock, no thread.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("cdc-watchdog")
except PackageNotFoundError:  # A checkout that was never installed.
    __version__ = "0+unknown"
