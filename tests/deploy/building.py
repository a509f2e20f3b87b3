"""Builds a target of the Dockerfile in folders, without a container engine."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.deploy.dockerfile import ROOT, Stage, Step, assigned, context, expanded, stages
from tests.deploy.roots import Root

MIRROR = "http://deb.debian.org/debian"


def missing() -> str:
    """Why nothing can be built on this machine; empty if it can."""
    if os.geteuid() != 0:
        return "only root can mount and change roots"
    if shutil.which("debootstrap") is None:
        return "no debootstrap: apt-get install debootstrap"
    mount = ["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/tmp"]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        return "this machine lets nobody mount"
    return ""


class Builder:
    """Stages as folders; each is made once."""

    def __init__(self, folder: Path, args: Mapping[str, str]) -> None:
        """Build below a folder, with these build arguments; wheels are fetched from here."""
        self._folder, self._args = folder, args
        self._stages = stages((ROOT / "Dockerfile").read_text())
        self._built: dict[str, Root] = {}
        self._wheels = folder / "wheels"

    def build(self, name: str) -> Root:
        """The file system of a stage, and how its command runs."""
        if name not in self._built:
            stage = self._stages.get(name)
            self._built[name] = self._bare(name) if stage is None else self._made(stage)
        return self._built[name]

    def _made(self, stage: Stage) -> Root:
        base = self.build(stage.base)
        folder = self._folder / stage.name
        subprocess.run(["cp", "-a", base.folder, folder], check=True)
        root = Root(folder, dict(base.env))
        args: dict[str, str] = {}
        for step in stage.steps:
            if step.word == "ARG":
                args |= assigned(step.text)
                args |= {name: self._args[name] for name in args if name in self._args}
            else:
                self._step(step, root, args)
        return root

    def _step(self, step: Step, root: Root, args: dict[str, str]) -> None:
        if step.word == "COPY":
            self._copy(shlex.split(step.text), root)
        elif step.word == "RUN":
            self._run(step, root, args)
        elif step.word == "ENV":
            known = {**args, "PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/bin", **root.env}
            root.env |= assigned(expanded(step.text, known))
        elif step.word == "USER":
            root.user = step.text
        elif step.word == "WORKDIR":
            root.workdir = step.text
        else:
            assert step.word in ("LABEL", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD")

    def _run(self, step: Step, root: Root, args: dict[str, str]) -> None:
        packages = "packages.sh" in step.text or "itten.sh" in step.text
        root.volumes = {"/mnt": self._fetched(root)} if packages else {}
        root.run(step.argv, {**args, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/mnt"})
        root.volumes = {}

    def _fetched(self, root: Root) -> Path:
        """Every package that an image needs, for its Python: steps of the build use no net."""
        if not self._wheels.exists():
            version = root.run(
                ["python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
            )
            pins = ["-c", str(ROOT / "constraints.txt")]
            given = [f"-r{ROOT / 'requirements' / half}.txt" for half in ("service", "worker")]
            which = ["--only-binary=:all:", "--python-version", version.strip()]
            pip = [sys.executable, "-m", "pip", "download", "-q", "-d", str(self._wheels)]
            subprocess.run([*pip, *which, *pins, *given, "setuptools"], check=True)
        return self._wheels

    def _copy(self, words: list[str], root: Root) -> None:
        *given, target = words
        there = root.folder / target.lstrip("/")
        if given[0].startswith("--from="):
            source = self.build(given[0].removeprefix("--from=")).folder / given[1].lstrip("/")
            subprocess.run(["cp", "-a", source, there], check=True)
            return
        [name] = given
        for each in context() if name == "." else [name]:
            place = there / (each if name == "." else "")
            source = ROOT / each
            if source.is_dir():
                leave_out = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, place, ignore=leave_out, dirs_exist_ok=True)
            else:
                (there if target.endswith("/") or name == "." else place.parent).mkdir(
                    parents=True, exist_ok=True
                )
                shutil.copy(source, place)

    def _bare(self, image: str) -> Root:
        """The image that all begins with: the release's smallest system, as Debian makes it."""
        release = image.partition(":")[2].removesuffix("-slim")
        folder = self._folder / "bare"
        command = ["debootstrap", "--variant=minbase", release, str(folder), MIRROR]
        made = subprocess.run(command, capture_output=True, text=True, timeout=600)
        assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
        return Root(folder)
