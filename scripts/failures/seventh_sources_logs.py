"""The seventh set, sources: the binlog, the schema history, and what is parsed."""

from failures.case import BINLOG_GAP, CONFIG, DDL_PARSE, FIX_OR_ONCE, HISTORY_LOST, Truth
from failures.seventh_draw import OFTEN, RARE, YEARLY, Event
from failures.seventh_source_terms import (
    BINLOG_PAGE,
    CONFIG_OR_ONCE,
    CONNECT,
    DRIFT,
    HISTORY_PAGE,
    MYSQL,
    NOTES,
    OPTIONS,
    PAGES,
    STATEMENTS,
    WRONG_PAGE,
    also,
)

EVENTS: tuple[Event, ...] = (
    # ── the binlog ──
    Event("binlog-purged", OFTEN, BINLOG_GAP, "stopped for longer than the binlog is kept", WRONG_PAGE, disturbs=True),
    Event("failed-over", YEARLY, BINLOG_GAP, "led to another server that lacks its transactions", WRONG_PAGE),
    Event("binlog-reset", YEARLY, BINLOG_GAP, "RESET BINARY LOGS AND GTIDS while it is stopped", MYSQL, disturbs=True),
    Event(
        "restored-from-backup", YEARLY, BINLOG_GAP, "the server is older than the offset: a backup was restored", PAGES
    ),
    Event(
        "binlog-format-changed",
        YEARLY,
        CONFIG,
        "binlog_format=STATEMENT, and the task restarts",
        BINLOG_PAGE,
        disturbs=True,
    ),
    Event(
        "row-image-changed",
        YEARLY,
        CONFIG,
        "binlog_row_image=MINIMAL, and the task restarts",
        BINLOG_PAGE,
        disturbs=True,
    ),
    Event("binlog-switched-off", YEARLY, CONFIG, "moved to a server without a binlog", BINLOG_PAGE, disturbs=True),
    Event("server-id-twice", YEARLY, CONFIG_OR_ONCE, "a copied config: the same database.server.id twice", OPTIONS),
    Event(
        "binlog-damaged",
        RARE,
        Truth("DATA", FIX_OR_ONCE, also=("BINLOG_GAP",)),
        "bytes of the binlog are overwritten",
        WRONG_PAGE,
        disturbs=True,
    ),
    Event("offset-edited-wrongly", RARE, CONFIG, "the offset was edited, and names no file", CONNECT),
    Event(
        "offset-of-another-file",
        YEARLY,
        BINLOG_GAP,
        "the offset was edited, and names a file that is not there",
        CONNECT,
    ),
    # ── the history ──
    Event("history-deleted", OFTEN, HISTORY_LOST, "the history topic is deleted, and the task restarts", HISTORY_PAGE),
    Event("history-expired", YEARLY, HISTORY_LOST, "retention has emptied the history topic; restart", HISTORY_PAGE),
    Event(
        "history-expired-in-part",
        YEARLY,
        HISTORY_LOST,
        "retention has taken the history's beginning; restart",
        HISTORY_PAGE,
    ),
    Event("history-topic-renamed", YEARLY, HISTORY_LOST, "another history topic in the config", HISTORY_PAGE),
    Event("history-in-a-container", RARE, HISTORY_LOST, "the history's file went with its container", HISTORY_PAGE),
    Event("recovery-without-offset", RARE, CONFIG, "snapshot.mode=recovery, and there is no offset", OPTIONS),
    Event("history-garbled", RARE, HISTORY_LOST, "somebody wrote into the history topic; restart", HISTORY_PAGE),
    Event(
        "table-added-later",
        OFTEN,
        also(DRIFT, "HISTORY_LOST"),
        "a table is included later; store.only.captured.tables.ddl=true",
        OPTIONS,
        about=("table",),
    ),
    Event("unlogged-add", YEARLY, DRIFT, "ADD COLUMN with sql_log_bin=0, then a row", PAGES, about=("table",)),
    Event("unlogged-drop", YEARLY, DRIFT, "DROP COLUMN with sql_log_bin=0, then a row", PAGES, about=("table",)),
    Event("unlogged-table", RARE, DRIFT, "CREATE TABLE with sql_log_bin=0, then a row", PAGES, about=("table",)),
    Event(
        "unlogged-type",
        RARE,
        DRIFT,
        "INT → VARCHAR with sql_log_bin=0, a text; …failure.handling.mode=fail",
        OPTIONS,
        about=("table", "column"),
    ),
    # ── what the parser reads ──
    Event("migration-unknown-words", OFTEN, DDL_PARSE, "a statement in a migration", NOTES, STATEMENTS, disturbs=True),
    Event(
        "neighbour-unknown-words",
        YEARLY,
        DDL_PARSE,
        "a statement in another team's database",
        PAGES,
        STATEMENTS,
        disturbs=True,
    ),
    Event(
        "history-of-a-newer-version", RARE, DDL_PARSE, "downgraded: the history has a statement it cannot parse", NOTES
    ),
)
