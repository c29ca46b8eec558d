"""One YAML file and the environment → `Settings`, checked whole before anything is connected to.

The file is the one given with `--config`, else the one that `WATCHDOG_CONFIG` names, else `./watchdog.yaml` if it is
there, else none. What is set in several places is taken from the first of these that has it:

1. `WATCHDOG_…`: every key, in upper case, levels joined by two underscores: `WATCHDOG_MODE=observe`,
   `WATCHDOG_HTTP__PORT=9999` (also `WATCHDOG_HTTP_PORT`, `WATCHDOG_HTTP_HOST`). Lists are given whole, as JSON.
2. The file. `${NAME}` in a value is replaced by that environment variable, `$${` stands for a bare `${`. A secret may
   be read from a file of its own: `password_file` instead of `password`, also for `token`, `key_password`, `url`,
   `connect_url` and the keys below `kafka`. Relative paths start at the file's own directory. A key with nothing after
   it is not given.
3. `CONNECT_URL` (one worker, or several of one cluster), `KAFKA_BOOTSTRAP_SERVERS` (one cluster named `default`),
   `DATABASE_URL` (one or several) and `SCHEMA_REGISTRY_URL`. Several are separated by commas or blanks; a comma inside
   a password is written `%2C`. They are other programs' names too, and one URL replacing a list of clusters unasked
   would leave the others unwatched: where `clusters` (or `databases`, `registries`) are listed they are left aside,
   with a warning.
"""

from watchdog.settings.clusters import ClusterSettings
from watchdog.settings.entries import (
    DatabaseSettings,
    HttpSettings,
    LogSettings,
    RegistrySettings,
)
from watchdog.settings.load import load
from watchdog.settings.model import Settings
from watchdog.settings.policies import PolicySettings

__all__ = [
    "ClusterSettings",
    "DatabaseSettings",
    "HttpSettings",
    "LogSettings",
    "PolicySettings",
    "RegistrySettings",
    "Settings",
    "load",
]
