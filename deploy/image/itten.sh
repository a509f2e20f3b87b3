#!/bin/sh
# Builds the wheel of Itten and installs it into /opt/itten, beside what packages.sh has put there.
# Usage: itten.sh SOURCES
set -eu

build=$(mktemp -d)
python3 -m venv "$build/venv"
pip() { "$build/venv/bin/python" -m pip --quiet --disable-pip-version-check --no-cache-dir "$@"; }

# Of a copy: the sources may be read-only, and a build leaves files behind.
mkdir "$build/sources"
tar -C "$1" -cf - pyproject.toml README.md requirements service worker static | tar -C "$build/sources" -xf -
pip install -c "$1/constraints.txt" setuptools
pip wheel --no-deps --no-build-isolation -w "$build" "$build/sources"
pip --python /opt/itten/bin/python install --no-compile --no-deps "$build"/itten-*.whl
rm -rf "$build"
/opt/itten/bin/python -m pip --quiet uninstall --yes pip

# Layers of images keep whole seconds; compiled loops are kept for a file of one very time.
for package in /opt/itten/lib/python3*/site-packages/service /opt/itten/lib/python3*/site-packages/worker; do
    find "$package" -exec touch -d "@$(date +%s)" {} +
    /opt/itten/bin/python -m compileall -q "$package"
done
