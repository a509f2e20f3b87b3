#!/bin/sh
# Compiles the worker's loops for this machine's CPU into the cache; another CPU compiles its own at the start.
# Usage: compile.sh, as the user that the worker runs as
set -eu

XDG_CACHE_HOME=/var/cache/itten /opt/itten/bin/python -m worker.numerics.precompile
