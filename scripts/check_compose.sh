#!/usr/bin/env bash
# Checks docker-compose.yml with Docker Compose itself: `docker compose` where it is installed, otherwise the program
# of Debian's docker-compose package (2.x, from sid), unpacked into ${WATCHDOG_CACHE:-~/.cache/cdc-watchdog}.
# Needs neither root nor a Docker daemon.
#
#   scripts/check_compose.sh [ARGUMENTS OF docker compose]     default: config --quiet
set -euo pipefail

cd "$(dirname "$0")/.."
cache="${WATCHDOG_CACHE:-$HOME/.cache/cdc-watchdog}/docker-compose"
program="$cache/root/usr/libexec/docker/cli-plugins/docker-compose"

debian_mirror() {
  # The machine's own mirror: the first configured archive that ends in /debian.
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | sort -u | head -1
}

fetch_from_debian() {
  local mirror apt
  if ! command -v apt-get >/dev/null || ! mirror="$(debian_mirror)"; then
    echo "no Docker Compose here and no Debian archive to take it from: install Docker Compose 2" >&2
    return 1
  fi
  echo "fetching docker-compose from $mirror (sid) into $cache" >&2
  mkdir -p "$cache"/{lists/partial,archives/partial,root}
  : > "$cache/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" > "$cache/sources.list"
  apt=(apt-get -qq
    -o "Dir::Etc::sourcelist=$cache/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$cache/lists" -o "Dir::State::status=$cache/status" -o "Dir::Cache=$cache"
    -o APT::Sandbox::User=)
  "${apt[@]}" update >&2
  (cd "$cache/archives" && "${apt[@]}" download docker-compose >&2)
  dpkg -x "$cache"/archives/docker-compose_*.deb "$cache/root"
  rm -rf "$cache/lists" "$cache/archives"
}

if docker compose version >/dev/null 2>&1; then
  compose=(docker compose)
else
  [ -x "$program" ] || fetch_from_debian
  compose=("$program")
fi
echo "checking with Docker Compose $("${compose[@]}" version --short)" >&2
[ $# -gt 0 ] || set -- config --quiet
exec "${compose[@]}" -f docker-compose.yml "$@"
