# shellcheck shell=bash
# Sourced by the scripts beside it. Afterwards the working directory is the project's, and .venv holds the project with
# the exact versions of constraints.txt. Installs only when something that decides about them has changed. PYTHON names the
# Python to do it with, if it is to be a certain one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

refuse() {
    echo "${0##*/}: $1" >&2
    exit 1
}

# install_system_packages PACKAGE...: quietly, where we may; what needs one says so itself when it is still missing.
install_system_packages() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 0
    echo "installing $* with apt-get ..." >&2
    local options=(-qq -o Acquire::Retries=0 -o Acquire::http::Timeout=20)
    {
        apt-get "${options[@]}" update || true
        DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" install -y --no-install-recommends "$@" || true
    } >/dev/null 2>&1
}

find_python() {
    local name names=(python3.13 python3.12 python3.11 python3)
    [ -z "${PYTHON:-}" ] || names=("$PYTHON")
    for name in "${names[@]}"; do
        if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
}

# What is installed depends on these; and a virtual environment does not survive a move of its folder.
wanted_stamp() {
    "$1" - setup.cfg pyproject.toml scripts/constraints.txt <<'PYTHON'
import hashlib, os, sys

digest = hashlib.sha256(f"{sys.version}\n{os.getcwd()}\n".encode())
for name in sys.argv[1:]:
    with open(name, "rb") as file:
        digest.update(file.read())
print(digest.hexdigest())
PYTHON
}

prepare_environment() {
    local found stamp
    found=$(find_python)
    [ -n "$found" ] || [ -z "${PYTHON:-}" ] || refuse "PYTHON is $PYTHON, and no Python 3.11 or later is called so here"
    [ -n "$found" ] || refuse "Python 3.11 or later is needed, and there is no python3.13, python3.12, python3.11 or python3 of that version here"
    stamp=$(wanted_stamp "$found")
    [ "$(cat .venv/stamp 2>/dev/null)" != "$stamp" ] || return 0
    "$found" -c 'import ensurepip, venv' 2>/dev/null || install_system_packages python3-venv
    "$found" -c 'import ensurepip, venv' 2>/dev/null || refuse "$found cannot make virtual environments; install its venv module (Debian: apt-get install python3-venv)"
    echo "installing into $PWD/.venv (once; a minute or two) ..." >&2
    "$found" -m venv --clear .venv
    # Twice quiet: setuptools warns of every editable installation.
    local pip=(.venv/bin/python -m pip install --quiet --quiet --disable-pip-version-check --constraint scripts/constraints.txt)
    "${pip[@]}" pip setuptools
    # Without isolation the project is built by the setuptools of constraints.txt.
    "${pip[@]}" --no-build-isolation --editable '.[test,docs,example,flowapi,postgres]'
    echo "$stamp" >.venv/stamp
}

prepare_environment
