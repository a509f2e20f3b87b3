"""A command in a file system of its own, as in a container: mounts, processes and user apart."""

import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CONFINED = "setpriv --reuid=itten --regid=itten --clear-groups --no-new-privs --bounding-set=-all"


@dataclass
class Root:
    """A folder that is the whole file system of what runs in it."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    user: str = "root"
    workdir: str = "/"
    volumes: dict[str, Path] = field(default_factory=dict)  # folders of this machine, by where
    read_only: bool = False
    network: bool = True

    def command(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> list[str]:
        """What to run here for `argv` to run there; as in a container it is the first process."""
        root = shlex.quote(str(self.folder))
        lines = [
            "set -eu",
            f"mount --bind {root} {root}",
            f"mount -t proc proc {root}/proc",
            f"mount --rbind /dev {root}/dev",
            f"mount -t tmpfs tmpfs {root}/tmp",
        ]
        lines += [
            f"mount --bind {shlex.quote(str(here))} {root}{there}"
            for there, here in self.volumes.items()
        ]
        if self.read_only:
            lines.append(f"mount -o remount,bind,ro {root}")
        inside = ["env", "-i", "-C", self.workdir, *_settings({**self.env, **(env or {})}), *argv]
        if self.user != "root":
            inside = [*CONFINED.split(), *inside]
        lines.append(f"exec chroot {root} {shlex.join(inside)}")
        apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        return [*apart, *([] if self.network else ["--net"]), "sh", "-c", "\n".join(lines)]

    def run(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> str:
        """Run it to its end, which must be a good one; returns what it printed."""
        made = subprocess.run(self.command(argv, env), capture_output=True, text=True, timeout=600)
        assert made.returncode == 0, (
            f"{shlex.join(argv)}\n{made.stdout[-2000:]}{made.stderr[-4000:]}"
        )
        return made.stdout


def _settings(env: Mapping[str, str]) -> list[str]:
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return [f"{name}={value}" for name, value in {"PATH": path, **env}.items()]
