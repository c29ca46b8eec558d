#!/bin/sh
# What this machine has to have before `make watch` or, with the argument `test`, `make test` (`python`: Python alone, for
# a stack that runs elsewhere): installed where we may,
# otherwise named all at once with the command that installs it. Says nothing when nothing is missing.
set -eu

missing=""
packages=""

need() { # what it is, the packages that bring it
    missing="$missing
  $1"
    packages="$packages $2"
}

has_python() { "${PYTHON:-python3}" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

has_java() {
    if [ -n "${JAVA_HOME:-}" ]; then program="$JAVA_HOME/bin/java"; else program=java; fi
    major=$("$program" -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p') || return 1
    [ "${major:-0}" -ge 17 ]
}

look() {
    missing=""
    packages=""
    has_python || need "Python 3.11 or later with venv" "python3 python3-venv"
    [ "${1:-}" = python ] || has_java || need "Java 17 or later" "default-jdk-headless"
    [ "${1:-}" = python ] || command -v mvn >/dev/null || need "Maven" "maven"
    [ "${1:-}" != test ] || command -v promtool >/dev/null || need "promtool" "prometheus"
    [ "${1:-}" != test ] || command -v amtool >/dev/null || need "amtool" "prometheus-alertmanager"
}

install_packages() {
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages >&2
}

look "$@"
[ -n "$missing" ] || exit 0

command="apt-get install -y --no-install-recommends$packages"
if ! command -v apt-get >/dev/null; then
    echo "setup: this machine lacks:$missing
install them with its package manager (Debian's names:$packages), then try again" >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "setup: this machine lacks:$missing
install with: sudo apt-get update && sudo $command" >&2
    exit 1
fi

echo "setup: this machine lacks:$missing
running: $command" >&2
install_packages || { apt-get update -q >&2 && install_packages; } || {
    echo "setup: $command failed, its reason is above: look at the network and the apt sources, then try again" >&2
    exit 1
}

look "$@"
[ -z "$missing" ] || {
    echo "setup: after installing$packages this machine still lacks:$missing
this release's packages are too old: put newer ones first on PATH (JAVA_HOME for Java)" >&2
    exit 1
}
