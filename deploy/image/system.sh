#!/bin/sh
# A bare Debian becomes the ground of both images: Python, an init, and the user that everything runs as.
# Usage: system.sh PACKAGE...    (Debian packages beside those that every image needs)
set -eu

ID=10001 # of the user and its group; files given to a container, such as keys, must be readable to it

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends ca-certificates python3 python3-venv tini "$@"
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin

groupadd --gid "$ID" itten
useradd --uid "$ID" --gid itten --home-dir /var/lib/itten --no-create-home --shell /usr/sbin/nologin itten
# What it may write to: jobs, machine code, the socket between service and worker.
for folder in /var/lib/itten /var/cache/itten /run/itten; do
    install -d -o itten -g itten -m 0700 "$folder"
done
