"""API keys: what they may do, how they look, and the file that they are kept in.

The file has one key a line, `NAME SCOPES sha256:HEX`, as `itten key new` prints it; `#` begins a
comment. NAME is whose the jobs are; several keys may have one, while one takes another's place.

A key is 256 random bits, so nobody finds it by trying: one SHA-256 at rest is enough, where a
password, which can be guessed, would need a slow hash. Text that has not the form of a key is
never compared, so that no weak key can come in by a line that somebody made by hand.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

Scope = Literal["submit", "read", "admin"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
OWNER: Final = r"[a-z0-9][a-z0-9_-]{0,31}"
MOST_KEYS: Final = 1000  # each is compared with whatever is sent
_MOST_BYTES: Final = 1 << 20
_KEY: Final = re.compile(r"itten_[A-Za-z0-9_-]{43}")
_LINE: Final = re.compile(
    rf"(?P<name>{OWNER})\s+(?P<scopes>[a-z,]+)\s+sha256:(?P<hash>[0-9a-f]{{64}})"
)
_FORM: Final = "it is not NAME SCOPES sha256:HEX, as `itten key new` prints it"


class KeysError(Exception):
    """The file of keys cannot be used; the text says why, and quotes nothing of it."""


@dataclass(frozen=True)
class Key:
    """What is known of a key."""

    owner: str  # whose jobs are seen with it; empty where there are no keys
    scopes: frozenset[Scope]
    digest: bytes = b""  # SHA-256 of the key
    only_reads: bool = False  # what a ticket is for

    def allows(self, scope: Scope) -> bool:
        """Whether it is enough for this; `admin` is enough for everything."""
        if self.only_reads and scope != "read":
            return False
        return scope in self.scopes or self.is_admin

    @property
    def is_admin(self) -> bool:
        """Whether it sees the jobs of all."""
        return "admin" in self.scopes

    def line(self) -> str:
        """Its line of the file."""
        scopes = ",".join(each for each in SCOPES if each in self.scopes)
        return f"{self.owner} {scopes} sha256:{self.digest.hex()}"


EVERYBODY: Final = Key("", frozenset({"submit", "read"}))
"""Who calls a service that has no keys."""


def new_key(owner: str, scopes: Iterable[Scope]) -> tuple[str, Key]:
    """A new key as its owner has it, and what is kept of it.

    Raises:
        KeysError: not a name.
    """
    if not re.fullmatch(OWNER, owner):
        raise KeysError(
            "a name is 1 to 32 of a-z, 0-9, _ and -, and begins with none of the latter"
        )
    text = f"itten_{secrets.token_urlsafe(32)}"
    return text, Key(owner, frozenset(scopes), _digest(text))


def is_key(text: str) -> bool:
    """Whether this has the form of a key."""
    return _KEY.fullmatch(text) is not None


def find(keys: Iterable[Key], text: str) -> Key | None:
    """The key that this is; it takes as long whether there is one or not."""
    if not is_key(text):
        return None
    digest, found = _digest(text), None
    for key in keys:
        if hmac.compare_digest(key.digest, digest):
            found = key
    return found


def read_keys(path: Path) -> tuple[Key, ...]:
    """The keys of a file.

    Raises:
        KeysError: it cannot be read, has a line that is none, or has no keys.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise KeysError(f"it cannot be read ({error.strerror})") from error
    if len(data) > _MOST_BYTES:
        raise KeysError("it is larger than a file of keys")
    return parse_keys(data.decode(errors="replace"))


def parse_keys(text: str) -> tuple[Key, ...]:
    """The keys of a file's text; raises as `read_keys`."""
    found: dict[bytes, Key] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            key = _parse(line.strip(), number)
            if key.digest in found:
                raise KeysError(f"in line {number} there is a key that was there before")
            found[key.digest] = key
    if not 1 <= len(found) <= MOST_KEYS:
        raise KeysError(f"it has {len(found)} keys, not 1 to {MOST_KEYS}")
    return tuple(found.values())


def _parse(line: str, number: int) -> Key:
    match = _LINE.fullmatch(line)
    if match is None:  # whatever it is, perhaps a key itself: it is not repeated
        raise KeysError(f"line {number} cannot be read: {_FORM}")
    try:
        scopes = read_scopes(match["scopes"])
    except KeysError as error:
        raise KeysError(f"line {number} cannot be read: {error}") from error
    return Key(match["name"], scopes, bytes.fromhex(match["hash"]))


def read_scopes(text: str) -> frozenset[Scope]:
    """Scopes, by comma; KeysError for others."""
    names = text.split(",")
    known = frozenset(each for each in SCOPES if each in names)
    if len(known) != len(set(names)):
        raise KeysError(f"the scopes are some of {', '.join(SCOPES)}, by comma")
    return known


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
