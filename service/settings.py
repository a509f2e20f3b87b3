"""What an operator can set: one frozen object, read from `ITTEN_*` and checked at start."""

import difflib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from service import settings_values as read
from service.settings_notes import contradictions, is_loopback
from service.settings_values import SettingsError

__all__ = ["Settings", "SettingsError"]

PREFIX = "ITTEN_"
KEY = f"{PREFIX}KEY"  # of the commands, for a service elsewhere
_CUDA_PIXELS, _CPU_PIXELS = 50_000_000, 16_000_000


def data_home() -> Path:
    """The platform's directory for the user's data, with `itten` below it."""
    home = read.directory("~")
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "itten"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "itten"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "itten"


def _setting(default: Any, reader: Callable[[str], Any], about: str) -> Any:
    """A field with the way to read it; a callable default is asked at start."""
    meta = {"read": reader, "about": about}
    if callable(default):
        return field(default_factory=default, metadata=meta)
    return field(default=default, metadata=meta)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything an operator can set; each field is `ITTEN_` and its name in capitals."""

    host: str = _setting("127.0.0.1", read.host, "address to listen on")
    port: int = _setting(8000, read.whole(0, 65535), "port to listen on, 0 picks a free one")
    workers: tuple[str, ...] = _setting(
        (), read.workers, "workers started elsewhere: unix:/path or tcp://host:port, by comma"
    )
    device: Literal["auto", "cuda", "cpu"] = _setting(
        "auto", read.one_of("auto", "cuda", "cpu"), "device of the worker that is started here"
    )
    data: Path = _setting(  # noqa: RUF009 - a field() too
        data_home, read.directory, "directory of job records and pictures"
    )
    max_deadline_s: float = _setting(
        10.0, read.number(0.0, 3600.0), "upper limit and default of deadline_s, seconds"
    )
    max_body_mb: float = _setting(32.0, read.number(0.0, 4096.0), "largest request body, MB")
    max_pixels: int | None = _setting(
        None,
        read.whole(1, 2**27),  # two of them with alpha fit into a frame of the wire
        "largest picture, pixels; 50e6 on CUDA and 16e6 on CPU when unset",
    )
    max_queue: int = _setting(32, read.whole(1, 10_000), "jobs that may wait or run at a time")
    keep_hours: float = _setting(24.0, read.number(0.0, 87_600.0), "hours a job is kept")
    keep_gb: float = _setting(2.0, read.number(0.0, 1e6), "GiB of pictures that are kept")
    threads: int | None = _setting(
        None, read.whole(1, 1024), "CPU threads of the worker; all cores when unset"
    )
    api_keys_file: Path | None = _setting(  # noqa: RUF009 - a field() too
        None, read.keys_file, "file of API keys, by `itten key new`; anybody may call when unset"
    )
    rate: float = _setting(
        20.0, read.number(0.0, 1e6), "requests a second, of a key, or of an address without one"
    )
    rate_burst: int = _setting(
        100, read.whole(1, 1_000_000), "requests at a time that the same may have saved up"
    )
    trusted_proxies: tuple[read.Network, ...] = _setting(
        (), read.networks, "proxies before it, whose X-Forwarded-For says who calls, by comma"
    )
    allowed_origins: tuple[str, ...] = _setting(
        (), read.origins, "origins of other sites' pages that may call, by comma"
    )
    log_format: Literal["text", "json"] = _setting(
        "text", read.one_of("text", "json"), "form of a log line"
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", read.one_of("debug", "info", "warning", "error"), "least severe line that is logged"
    )

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings; an empty variable counts as unset.

        Raises:
            SettingsError: every variable that is wrong, one a line, and what to change.
        """
        env = os.environ if env is None else env
        values: dict[str, Any] = {}
        wrong: list[str] = []
        for each in fields(cls):
            text = env.get(variable(each), "").strip()
            try:
                if text:
                    values[each.name] = each.metadata["read"](text)
                elif each.default_factory is not MISSING:
                    values[each.name] = each.default_factory()  # may ask for the variable
            except SettingsError as error:
                wrong.append(f"{variable(each)} {error}")
        if wrong:
            raise SettingsError("\n".join(wrong))
        return cls(**values)

    @property
    def max_body_bytes(self) -> int:
        """Largest request body in bytes (1 MB is 2**20 here)."""
        return int(self.max_body_mb * 2**20)

    @property
    def keep_s(self) -> float:
        """How long a job is kept, in seconds."""
        return self.keep_hours * 3600

    @property
    def keep_bytes(self) -> float:
        """How many bytes of pictures are kept."""
        return self.keep_gb * 2**30

    def pixel_limit(self, device: str) -> int:
        """Largest picture in pixels on a device as torch names it (`cpu`, `cuda:0`)."""
        if self.max_pixels is not None:
            return self.max_pixels
        return _CUDA_PIXELS if device.startswith("cuda") else _CPU_PIXELS

    def warnings(self, env: Mapping[str, str] | None = None) -> list[str]:
        """What the operator should hear at start, loudly."""
        env = os.environ if env is None else env
        known = [*(variable(each) for each in fields(self)), KEY]
        notes = [_unknown(name, known) for name in sorted(env) if name.startswith(PREFIX)]
        notes += contradictions(self)
        if not is_loopback(self.host) and self.api_keys_file is None:
            notes.append(
                f"anybody who can reach {self.host}:{self.port} can use this service: there are no "
                "keys; set ITTEN_API_KEYS_FILE (see `itten key new --help`) or ITTEN_HOST=127.0.0.1"
            )
        if self.api_keys_file is not None and (mode := read.exposed(self.api_keys_file)):
            notes.append(
                f"others may read or change {self.api_keys_file} (mode {mode:o}), and with it who "
                "may call; chmod 600 it"
            )
        return [note for note in notes if note]

    def show(self) -> str:
        """The settings as `itten serve --show-settings` prints them: an environment file."""
        return "\n".join(
            f"# {each.metadata['about']}\n{variable(each)}={_text(getattr(self, each.name))}"
            for each in fields(self)
        )


def variable(each: Field[Any]) -> str:
    """The environment variable of a field."""
    return PREFIX + each.name.upper()


def _unknown(name: str, known: list[str]) -> str:
    if name in known:
        return ""
    near = difflib.get_close_matches(name[:64], known, n=1)
    return f"{name[:64]} is not a setting" + (f"; did you mean {near[0]}?" if near else "")


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return "" if value is None else str(value)
