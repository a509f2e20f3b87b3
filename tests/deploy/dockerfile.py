"""A Dockerfile, read as far as ours goes: no heredocs, no flags but `--from`, no other shell."""

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


@dataclass
class Step:
    """An instruction: `RUN`, and what follows it."""

    word: str
    text: str

    @property
    def argv(self) -> list[str]:
        """What runs: as it is in JSON, else in a shell."""
        if self.text.startswith("["):
            return list(json.loads(self.text))
        return ["/bin/sh", "-c", self.text]


@dataclass
class Stage:
    """What one `FROM` begins."""

    name: str
    base: str
    steps: list[Step] = field(default_factory=list)

    def last(self, word: str) -> Step:
        """The instruction that counts, where the last one does."""
        return [step for step in self.steps if step.word == word][-1]


def stages(text: str) -> dict[str, Stage]:
    """All stages, by name, in order."""
    found: dict[str, Stage] = {}
    defaults: dict[str, str] = {}
    for step in _steps(text):
        if step.word == "FROM":
            base, _, name = step.text.partition(" AS ")
            stage = found[name] = Stage(name, expanded(base, defaults))
        elif not found:
            defaults |= assigned(step.text)
        else:
            stage.steps.append(step)
    return found


def assigned(text: str) -> dict[str, str]:
    """The variables of an `ENV`, an `ARG` or a `LABEL`."""
    pairs = (word.partition("=") for word in shlex.split(text))
    return {name: value for name, _, value in pairs}


def expanded(text: str, variables: dict[str, str]) -> str:
    """The text with its variables in place."""
    return _VARIABLE.sub(lambda found: variables[found[1]], text)


def context() -> list[str]:
    """What `COPY . ` means: .dockerignore leaves everything out but what it names."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    lines = [line for line in lines if line and not line.startswith("#")]
    assert lines[0] == "*"
    return [line.removeprefix("!") for line in lines if line.startswith("!")]


def _steps(text: str) -> list[Step]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    whole = "\n".join(lines).replace("\\\n", " ")
    split = (line.strip().partition(" ") for line in whole.splitlines() if line.strip())
    return [Step(word, rest.strip()) for word, _, rest in split]
