"""Seeded uploads that are wrong in one way or in several."""

from collections.abc import Callable, Iterator
from random import Random

from tests.hostile.attack import Upload
from tests.hostile.bombs import REFUSED, bomb
from tests.hostile.pictures import FILES, STRANGE

CHEAP_BOMBS = [*REFUSED, "PNG text", "WebP with deep metadata", "EXIF that holds itself"]
CALLS = (
    *(("POST", "/shade"), ("POST", "/field"), ("POST", "/jobs"), ("PUT", "/jobs/{id}")),
    *(("POST", "/jobs/{id}/resume"), ("POST", "/jobs/{id}")),
)
TYPES = (
    "application/octet-stream",
    "image/png",
    "image/x-",
    "multipart/form-data",
    "multipart/form-data; boundary=other",
    "application/json",
    "text/html; charset=utf-16",
    "",
)
NAMES = ("target", "source", "spec", "kind", "passes", "envelope", "deadline_s", "background", "\0")
VALUES = (
    *("", "0", "-1", "4", "1e308", "nan", "-Infinity", "9" * 5000, "0x10", "\u0664", "true"),
    *("null", "[]", "{}", "[" * 2000, '{"a":' * 2000, '{"passes": 1e999}', '{"\\ud800": 1}'),
    *("shade", "field", "self", "cross", "#ffffff", "\0", "\ufeff{}", "x" * 70_000, "1," * 30_000),
    *('{"passes": 1, "passes": 2}', '[{"fill_threshold": 1e-400}]', "../../etc/passwd", "%00"),
)


def hostile_uploads(seed: int, count: int) -> Iterator[Upload]:
    """So many, the same for the same seed."""
    for index in range(count):
        random = Random(f"{seed} {index}")
        make = random.choices((_plain, _raw, _form, _broken_form), (4, 1, 3, 1))[0]
        yield make(random, f"upload {index} of seed {seed}")


def _plain(random: Random, name: str) -> Upload:
    """Nothing is wrong with it but the picture."""
    path = random.choice(
        ("/shade?passes=2", "/shade?contours=spectral", "/field", "/field?scope=image")
    )
    headers = {"Content-Type": "application/octet-stream", "Accept": "application/json"}
    return Upload(name, _file(random), path, "POST", headers)


def _raw(random: Random, name: str) -> Upload:
    kind = random.choice(TYPES)
    query = random.choice(("", "?passes=1", "?passes=x", "?spec={", "?kind=shade", "?a=%ff&a=1"))
    return _upload(random, name, _file(random), kind, query)


def _form(random: Random, name: str) -> Upload:
    return _upload(random, name, _parts(random), "multipart/form-data; boundary=XX", "")


def _broken_form(random: Random, name: str) -> Upload:
    body = _damaged(random, _parts(random))
    return _upload(random, name, body, "multipart/form-data; boundary=XX", "")


def _upload(random: Random, name: str, body: bytes, kind: str, query: str) -> Upload:
    method, path = random.choice(CALLS)
    path = path.format(id=f"hostile-{random.randrange(20)}")
    headers = {"Content-Type": kind} if kind else {}
    headers |= random.choice(({}, {"Accept": "application/json"}, {"Prefer": "respond-async"}))
    return Upload(name, body, path + query, method, headers)


def _parts(random: Random) -> bytes:
    parts = [_part("target", _file(random), "a.png")] if random.random() < 0.9 else []
    parts += [_part("source", _file(random), "b.png")] if random.random() < 0.2 else []
    for _ in range(random.randrange(4)):
        filename = random.choice((None, None, None, "s.json", "\xe4.png", "a" * 3000))
        value = random.choice(VALUES).encode(errors="surrogatepass")
        parts.append(_part(random.choice(NAMES), value, filename))
    random.shuffle(parts)
    return b"".join(parts) + b"--XX--\r\n"


def _part(name: str, value: bytes, filename: str | None) -> bytes:
    file = b"" if filename is None else b'; filename="%s"' % filename.encode()
    head = b'Content-Disposition: form-data; name="%s"' % name.encode()
    return b"--XX\r\n" + head + file + b"\r\n\r\n" + value + b"\r\n"


def _file(random: Random) -> bytes:
    if random.random() < 0.1:
        return bomb(random.choice(CHEAP_BOMBS))
    file = random.choice(tuple((FILES | STRANGE).values()))
    for _ in range(random.randrange(3)):
        file = _damaged(random, file)
    return file


def _damaged(random: Random, data: bytes) -> bytes:
    how: tuple[Callable[[Random, bytes], bytes], ...] = (_cut, _flipped, _spliced, _blown, _noise)
    return random.choice(how)(random, data)


def _cut(random: Random, data: bytes) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _flipped(random: Random, data: bytes) -> bytes:
    flipped = bytearray(data)
    for _ in range(random.choice((1, 2, 20)) if data else 0):
        flipped[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(flipped)


def _spliced(random: Random, data: bytes) -> bytes:
    other = random.choice(tuple(FILES.values()))
    return data[: random.randrange(len(data) + 1)] + other[random.randrange(len(other)) :]


def _blown(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data) + 1)
    filling = random.choice((b"\xff", b"\0", data[at : at + 9])) * random.choice((4, 400, 40_000))
    return data[:at] + filling + data[at:]


def _noise(random: Random, data: bytes) -> bytes:
    return data[: random.choice((0, 4, 12, 40))] + random.randbytes(random.choice((0, 9, 3000)))
