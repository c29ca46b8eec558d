"""Report → what people and machines read: metrics, health endpoints, the live view, log lines, tables, JSON.

Nothing here asks a system anything or decides anything: it reads the last `Report`. Names, traces and statements come
from outside, so every one of them is made safe for where it goes.
"""
