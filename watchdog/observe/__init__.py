"""Shell: asks each port at its own pace → messages for the loop. An unreachable source is data, not an exception.

workers       one thread for each slow system, with its pace and its back-off
clusters      a Connect cluster: states, configurations, the status topic, the schema topics, what judges ask for
probe         what judges ask about one connector: offsets, records that wait, whether it could connect
survey        how far every connector is, and what the topics that matter promise; slowly
databases     a server's columns and its binlog
inquiries     who ran a statement
registries    what a schema registry's subjects promise
observatory   all of them, for the loop
"""

from watchdog.observe.clusters import ClusterEyes, ClusterPorts, Pace
from watchdog.observe.databases import DatabaseEyes
from watchdog.observe.observatory import Observatory

__all__ = ["ClusterEyes", "ClusterPorts", "DatabaseEyes", "Observatory", "Pace"]
