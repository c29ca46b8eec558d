"""The least that watches at all: waits for Connect's status topic, asks for all states each 3 s, judges nothing.

`python -m bench.bare CONNECT_URL BOOTSTRAP_SERVERS`, until it is ended.
"""

import sys
import time

import requests
from confluent_kafka import OFFSET_END, Consumer, TopicPartition

from bench.settings import POLL_SECONDS
from bench.tail import TOPIC


def watch(connect_url: str, bootstrap_servers: str) -> None:
    consumer = Consumer({"bootstrap.servers": bootstrap_servers, "group.id": "bench", "enable.auto.commit": False})
    consumer.assign([TopicPartition(TOPIC, 0, OFFSET_END)])
    session, due_at = requests.Session(), 0.0
    while True:
        consumer.poll(max(0.0, due_at - time.monotonic()))
        if time.monotonic() >= due_at:
            session.get(f"{connect_url}/connectors?expand=status", timeout=10).json()
            due_at = time.monotonic() + POLL_SECONDS


if __name__ == "__main__":
    watch(*sys.argv[1:])
