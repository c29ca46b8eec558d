"""How often the right statement is blamed: generated histories of DDL on the real stack, whose truth is known.

Tables, targets and sinks are made in rounds; each table has a history of its own, with one way (or none) in which it
breaks its sink; their statements come mixed, with others on unrelated tables. What the watchdog then says of each sink
is compared with what was really done.
"""
