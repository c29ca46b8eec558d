#!/usr/bin/env bash
# Creates the connector of each *.json beside this script, named after its file, on the worker at $CONNECT_URL.
# One that is already there is left alone: sending its config again would restart it, in the middle of a drill.
set -euo pipefail

cd "$(dirname "$0")"
answer="$(mktemp)"

# The HTTP status of an attempt to create connector $1. 409 means that the worker rebalances: ask again.
create() {
  local status
  for _ in {1..10}; do
    status="$(curl -sS -o "$answer" -w '%{http_code}' -X PUT -H 'Content-Type: application/json' \
      --data "@$1.json" "$CONNECT_URL/connectors/$1/config")"
    [ "$status" = 409 ] || break
    sleep 2
  done
  echo "$status"
}

for config in *.json; do
  name="${config%.json}"
  if curl -fsS -o /dev/null "$CONNECT_URL/connectors/$name" 2>/dev/null; then
    echo "$name is already there"
  elif status="$(create "$name")" && [ "$status" = 201 ]; then
    # The answer itself is not shown: it repeats the config with its passwords.
    echo "$name created"
  else
    echo "$name was refused: ${status:-no answer} $(cat "$answer")" >&2
    exit 1
  fi
done
