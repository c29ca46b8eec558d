"""Connectors broken on purpose, on the real stack, to see whether their traces are understood.

case          what a case is, and what is true of it
place         where one happens: databases, topics, users, connectors of its own
broker        a broker that also asks who is there, and what he may do
sink_*, source*, kafka_side   the cases; second_* … sixth_* those of later sets
seventh_draw  the rule by which the seventh set is drawn from its two lists of events
collect       makes them, and keeps Connect's status document of the failed connector
trace_file    tests/data/traces/<case>.json
measure       what the diagnosis says of each
figures       how sure that is: intervals, and what is there only once
reports       failures that users reported, as they wrote them
"""
