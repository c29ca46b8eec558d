"""What the watchdog costs and how soon it knows, measured beside the least that such a thing can cost.

Everything is a figure of one run on one machine, on a stack of its own; compare the ratios, not the milliseconds.

    settings    where the bench's stack lives, how much is measured
    failures    failures on demand: a sink gets a record that its table cannot take
    tail        the limit: a bare consumer of Connect's status topic
    watchdogs   `watchdog run` processes, and when an incident is visible in their metrics
    latency     from Connect's record of a failure to the incident, with the status topic and by the poll alone
    bare        the least that watches at all: a consumer and a poll, nothing judged
    peers       two other watchers, in a virtual environment of their own
    idle        CPU and memory of each while nothing happens
    proc        /proc as numbers
    spread      percentiles
    table       Markdown tables
    page        the figures → docs/measurements.md
"""
