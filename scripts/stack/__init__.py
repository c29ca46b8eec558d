"""The real pipeline on one machine, as plain processes: no container, no root.

Kafka (KRaft), Kafka Connect with Debezium, and two database servers, source and target, so that either can
be stopped, locked out or broken alone. Downloads go to a cache that clones share; everything else lives in
one folder.

    settings    what is where: ports, folders, which database; from the environment
    folder      the folder of a stack: one command at a time
    downloads   jars and packages into the cache, whole or not at all
    processes   one process with its pid file and log
    ports       who holds a port
    server      database programs: the machine's own or unpacked packages
    initialize  a new data directory with its logins
    database    one database server: data directory, start, SQL
    kafka       the broker
    connect     the worker and its REST interface
    registry    the schema registry, when it is asked for, and the Avro converters
    pipeline    table -> source connector -> topic -> sink connector -> table
    java        Java programs and their settings
    native      all of it: up, down, start, stop
    cli         the command line
"""

from stack.errors import StackError
from stack.native import Stack
from stack.pipeline import Pipeline
from stack.settings import Settings
from stack.waiting import wait_for

__all__ = ["Pipeline", "Settings", "Stack", "StackError", "wait_for"]
