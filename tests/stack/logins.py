"""Database users of a pipeline's own: what is done to their passwords and grants meets nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypedDict

from stack import Pipeline, Stack
from stack.pipeline import Spec

PASSWORD = "right-one-4711"


class Logins(TypedDict):
    source_config: dict[str, str]
    sink_config: dict[str, str]


def logins(source: str, sink: str) -> Logins:
    """For a `Spec`: the users that its two connectors log in as."""
    return {
        "source_config": {"database.user": source, "database.password": PASSWORD},
        "sink_config": {"connection.username": sink, "connection.password": PASSWORD},
    }


@contextmanager
def pipeline_with_logins(stack: Stack, spec: Spec) -> Iterator[Pipeline]:
    """Its users are made before it and gone after it; whatever was stopped meanwhile is started for that."""
    source, sink = spec.source_config["database.user"], spec.sink_config["connection.username"]
    users = ((stack.source, source), (stack.target, sink))
    for server, user in users:
        server.execute(f"CREATE USER IF NOT EXISTS '{user}'@'%' IDENTIFIED BY '{PASSWORD}'")
    stack.source.execute(
        f"GRANT SELECT, RELOAD, SHOW DATABASES, LOCK TABLES, REPLICATION SLAVE, REPLICATION CLIENT ON *.* "
        f"TO '{source}'@'%'"
    )
    stack.target.execute(f"GRANT ALL ON `{spec.target_database}`.* TO '{sink}'@'%'")
    own = stack.pipeline_of(spec)
    own.create()
    yield own
    stack.up()
    own.delete()
    for server, user in users:
        server.execute(f"DROP USER '{user}'@'%'")
