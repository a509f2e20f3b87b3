#!/bin/sh
# Installs what one half of Itten needs into /opt/itten, at the versions of constraints.txt.
# Usage: packages.sh SOURCES service|worker
# TORCH_INDEX, when set, is the package index that torch alone is taken from.
set -eu

sources=$1 half=$2
pip() { /opt/itten/bin/python -m pip --quiet --disable-pip-version-check --no-cache-dir "$@"; }

python3 -m venv /opt/itten
if [ "$half" = worker ] && [ -n "${TORCH_INDEX:-}" ]; then
    pip install --index-url "$TORCH_INDEX" -c "$sources/constraints.txt" torch
fi
pip install -c "$sources/constraints.txt" -r "$sources/requirements/$half.txt"
