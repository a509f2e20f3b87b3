"""Bytes that no client in order sends, to a port that speaks HTTP/1.1 and WebSockets.

`INCOMPLETE` leave the server waiting for more: the client says that there is none. To all others
it has to answer, or to hang up, by itself.
"""

import struct
import zlib

from tests.service.live import get, head, post, upgrade

LONG = 15_000  # characters that still fit into a header


def chunked(body: bytes, *headers: str) -> bytes:
    return (
        head(
            "POST /shade HTTP/1.1",
            "Host: x",
            "Content-Type: image/png",
            "Transfer-Encoding: chunked",
            *headers,
        )
        + body
    )


def form(kind: str, body: bytes) -> bytes:
    return post("/shade", body, f"Content-Type: {kind}")


PART = (
    b'--XX\r\nContent-Disposition: form-data; name="target"; filename="a.png"\r\n\r\nx\r\n'
    b"--XX--\r\n"
)
FORM = "multipart/form-data; boundary=XX"
PROBES: dict[str, bytes] = {
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "a word": b"hello\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/9.9": head("GET / HTTP/9.9", "Host: x"),
    "http in small letters": head("GET / http/1.1", "Host: x"),
    "HTTP/2's preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9) * 50,
    "an offer of HTTP/2": get("/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"),
    "bytes over 127 in the target": b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method beyond ASCII": "GÉT / HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    "a long method": get("/", method="M" * LONG),
    "TRACE": get("/", method="TRACE"),
    "CONNECT": head("CONNECT x:80 HTTP/1.1", "Host: x"),
    "OPTIONS *": head("OPTIONS * HTTP/1.1", "Host: x"),
    "a target that is a URL": get("http://[::1/healthz"),
    "a target of slashes": get("//" * 4000),
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": get("/", "Host: y"),
    "a host that is none": head("GET / HTTP/1.1", "Host: [::1"),
    "line feeds alone": b"GET /healthz HTTP/1.1\nHost: x\n\n",
    "carriage returns alone": b"GET / HTTP/1.1\rHost: x\r\r" + bytes(20_000),
    "NUL in a header": get("/", "X: a\0b"),
    "blanks before NUL": get("/", "X:" + " " * LONG + "\0"),
    "a header without a colon": get("/", "X"),
    "a blank before the colon": get("/", "X : y"),
    "a header without a name": get("/", ": y"),
    "a folded header": get("/", "X: a\r\n b"),
    "a long header": get("/", "X: " + "y" * 200_000),
    "ten thousand headers": get("/", *["X: y"] * 10_000),
    "a long target": get("/" + "y" * 200_000),
    "NUL in a path": get("/static/%00"),
    "a path that climbs": get("/static/../../../../etc/passwd"),
    "a path that climbs, quoted": get("/static/..%2f..%2f..%2fetc%2fpasswd"),
    "a long name of a file": get("/static/" + "y" * 5_000),
    "half a character in a path": get("/jobs/%e2%82"),
    "a job of a strange name": get("/jobs/" + "%00" * 64),
    "many query parameters": get("/jobs/aaaaaaaa/image?" + "&".join(["pass=1"] * 2000)),
    "a pass of many digits": get("/jobs/aaaaaaaa/image?pass=" + "9" * 10_000),
    "a preference of blanks": post("/shade", b"x", "Prefer: a=" + " " * LONG + '"x"y'),
    "a preference of commas": post("/shade", b"x", "Prefer: " + "," * LONG),
    "ranges of media": get("/jobs/aaaaaaaa/image", "Accept: " + ",".join(["a/b;q=0.1"] * 1500)),
    "a range of blanks": get("/jobs/aaaaaaaa/image", "Accept: a/b;" + " " * LONG + "q"),
    "tags of blanks": get("/", "If-None-Match: a" + " " * LONG + "b"),
    "tags of commas": get("/", "If-None-Match: " + "," * LONG),
    "ranges of bytes": get("/static/main.js", "Range: bytes=" + "0-1," * 3000 + "5-"),
    "a range that ends before it begins": get("/static/main.js", "Range: bytes=9-1"),
    "a date that is none": get("/static/main.js", "If-Modified-Since: " + "9" * LONG),
    "cookies": get("/", "Cookie: " + "a=b;" * 3000),
    "a cookie of quotes": get("/", "Cookie: a=" + '"\\' * 5000),
    "a key that is none": get("/jobs", "Authorization: Bearer \xff\xfe"),
    "a scheme that is none": get("/jobs", "Authorization: " + " ," * 5000 + "x"),
    "a trace that is none": get("/", "traceparent: 00-" + "f" * LONG),
    "a request id that is none": get("/", "Itten-Request: \x1b[31m" + "f" * LONG),
    "an origin that is none": post("/shade", b"x", "Origin: http://[" + ":" * LONG),
    "a negative length": head("POST /shade HTTP/1.1", "Host: x", "Content-Length: -1"),
    "a length with a sign": head("POST /shade HTTP/1.1", "Host: x", "Content-Length: +1") + b"x",
    "a length beyond any number": head(
        "POST /shade HTTP/1.1", "Host: x", f"Content-Length: {9**99}"
    ),
    "two lengths": head("POST / HTTP/1.1", "Host: x", "Content-Length: 1", "Content-Length: 2"),
    "a length, and chunks": chunked(b"1\r\nx\r\n0\r\n\r\n", "Content-Length: 5"),
    "chunks in gzip": post("/shade", b"x").replace(
        b"Content-Length: 1", b"Transfer-Encoding: gzip"
    ),
    "chunks twice": chunked(b"0\r\n\r\n", "Transfer-Encoding: chunked"),
    "a chunk of no size": chunked(b"zz\r\n"),
    "a chunk of a negative size": chunked(b"-5\r\nhello\r\n"),
    "a chunk of too many digits": chunked(b"1" * 40 + b"\r\n"),
    "a chunk larger than any body": chunked(b"ffffffffffff\r\n"),
    "a chunk longer than it says": chunked(b"1\r\nhello\r\n0\r\n\r\n"),
    "a long name of a chunk": chunked(b"1;" + b"x" * 200_000 + b"\r\n"),
    "a long trailer": chunked(b"0\r\nX: " + b"y" * 200_000 + b"\r\n\r\n"),
    "blanks before NUL in a trailer": chunked(b"0\r\nX:" + b" " * LONG + b"\0\r\n\r\n"),
    "a form without a boundary": form("multipart/form-data", PART),
    "a form with an empty boundary": form("multipart/form-data; boundary=", PART),
    "a form with a long boundary": form(f"multipart/form-data; boundary={'X' * LONG}", PART),
    "a form that is nearly all boundary": form(
        f"multipart/form-data; boundary={'-' * LONG}Y", b"-" * 120_000
    ),
    "a form with a boundary beyond ASCII": form("multipart/form-data; boundary=\xe4", PART),
    "a form with a part without a name": form(FORM, PART.replace(b' name="target";', b"")),
    "a form with a field without a name": form(
        FORM, b"--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--\r\n"
    ),
    "a form with a part of many names": form(
        FORM, PART.replace(b"name=", b"a=b;" * 10_000 + b"name=")
    ),
    "a form with a strange charset": form(
        FORM, PART.replace(b"\r\n\r\nx", b"\r\nContent-Type: a/b; charset=utf-7\r\n\r\nx")
    ),
    "a form with a header beyond UTF-8": form(FORM, PART.replace(b"a.png", b"\xff\xfe")),
    "a form of line ends": form(FORM, b"\r\n" * 500_000),
    "a form of half boundaries": form(FORM, PART[:80] + b"\r\n--X" * 200_000),
    "a form of empty parts": form(FORM, b"--XX\r\n\r\n" * 50_000),
    "a thousand requests at once": get("/healthz") * 1000,
    "a good request and a bad one": get("/healthz") + b"\0\0\0\r\n\r\n",
    "an answer": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "an upgrade to a WebSocket, with a body": upgrade("/jobs/aaaaaaaa/events", "Content-Length: 5")
    + b"hello",
    "an upgrade of a POST": upgrade("/jobs/aaaaaaaa/events").replace(b"GET", b"POST", 1),
    "an upgrade in HTTP/1.0": upgrade("/jobs/aaaaaaaa/events").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "an upgrade without a key": upgrade("/").replace(b"Sec-WebSocket-Key", b"X"),
    "an upgrade with a long key": upgrade(
        "/jobs/aaaaaaaa/events", "Sec-WebSocket-Key: " + "k" * LONG
    ),
    "an upgrade of an old version": upgrade("/").replace(b"Version: 13", b"Version: 0"),
    "an upgrade with many protocols": upgrade("/", "Sec-WebSocket-Protocol: " + "a," * 5000),
    "an upgrade with many extensions": upgrade(
        "/jobs/aaaaaaaa/events", "Sec-WebSocket-Extensions: " + "permessage-deflate; a=1," * 500
    ),
    "an upgrade, and frames at once": upgrade("/jobs/aaaaaaaa/events") + b"\x81\x80\0\0\0\0" * 99,
}
HOSTS = (".", "..", "a..b", "a" * 64, "a.example/b", "a@b", "http://x", "[", "[]", "ä", "a, b", "?")
PROBES |= {f"host {each[:8]}": head("GET /jobs HTTP/1.1", f"Host: {each}") for each in HOSTS}
BEHIND = get("/nowhere")  # what may not be taken for a request of its own, behind no clear end
ENCODINGS = (
    "identity",
    "chunked, identity",
    "xchunked",
    "chunked;q=1",
    "gzip, chunked",
    "chunked\0",
)
PROBES |= {
    f"encoding {each[:17]}": head("POST /jobs HTTP/1.1", "Host: x", f"Transfer-Encoding: {each}")
    + b"0\r\n\r\n"
    + BEHIND
    for each in ENCODINGS
}
LENGTHS = ("5 5", "0x5", "5_0", "", "5.0", "-0", "+5", "5;", "5\x0b")
PROBES |= {
    f"length {each}": head("POST /jobs HTTP/1.1", "Host: x", f"Content-Length: {each}")
    + b"hello"
    + BEHIND
    for each in LENGTHS
}
SIZES = (b"0x2", b"+2", b" 2", b"2_0", b"2;a\n", b"\r\n2")
PROBES |= {f"chunk {each!r}": chunked(each + b"\r\n{}\r\n0\r\n\r\n") + BEHIND for each in SIZES}
PROBES |= {
    "a folded encoding": head("POST /jobs HTTP/1.1", "Host: x", "Transfer-Encoding:\r\n chunked")
    + b"0\r\n\r\n",
    "chunks in HTTP/1.0": head("POST /jobs HTTP/1.0", "Host: x", "Transfer-Encoding: chunked")
    + b"0\r\n\r\n",
    "HTTP/2.0 without a preface": head("GET / HTTP/2.0", "Host: x"),
    "a method of small letters": get("/jobs/..", method="delete"),
    "two slashes": get("/static//etc/passwd"),
    "a header of another method": post("/jobs/aaaaaaaa", b"", "X-HTTP-Method-Override: DELETE"),
    "a WebSocket where work is sent": upgrade("/shade"),
    "a WebSocket where there is a page": upgrade("/"),
    "an upgrade with two keys": upgrade("/x", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
    "a form without an end": form(FORM, PART[:-8] + PART[:80] + b"\r\n\r\n1"),
}
INCOMPLETE: dict[str, bytes] = {
    "nothing": b"",
    "one byte": b"G",
    "half a header": b"GET / HTTP/1.1\r\nHos",
    "half a body": head("POST /shade HTTP/1.1", "Host: x", "Content-Length: 99") + b"x",
    "half a chunk": chunked(b"5\r\nhe"),
    "half a form": form(FORM, PART)[:-9],
    "no body after an invitation": head(
        "POST /shade HTTP/1.1", "Host: x", "Content-Length: 9", "Expect: 100-continue"
    ),
}


def frame(
    first: int, payload: bytes = b"", mask: bool = True, length: bytes | None = None
) -> bytes:
    """A WebSocket frame; `length` is what it says of itself, else it is the truth."""
    length = length or _length(len(payload))
    masked = bytes([length[0] | 0x80]) + length[1:] + bytes(4) if mask else length
    return bytes([first]) + masked + payload


def _length(size: int) -> bytes:
    if size < 126:
        return bytes([size])
    return (
        b"\x7e" + struct.pack(">H", size) if size < 1 << 16 else b"\x7f" + struct.pack(">Q", size)
    )


def deflated() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(bytes(40 << 20)) + packer.flush()


FIN, TEXT, BINARY, CLOSE, PING = 0x80, 1, 2, 8, 9
FRAMES: dict[str, bytes] = {
    "a reserved opcode": frame(FIN | 3),
    "a reserved control opcode": frame(FIN | 11),
    "a reserved bit": frame(FIN | 0x20 | TEXT, b"x"),
    "deflate": frame(FIN | 0x40 | BINARY, deflated()[:60_000]),
    "no mask": frame(FIN | TEXT, b"x", mask=False),
    "a length of 2**63": frame(FIN | BINARY, length=b"\x7f" + b"\x80" + bytes(7)),
    "a length of 2**62": frame(FIN | BINARY, b"x" * 100, length=b"\x7f\x40" + bytes(7)),
    "a length in too many bytes": frame(FIN | TEXT, b"x", length=b"\x7f" + bytes(7) + b"\x01"),
    "a control frame in parts": frame(PING, b"x"),
    "a long ping": frame(FIN | PING, bytes(126)),
    "a close of one byte": frame(FIN | CLOSE, b"x"),
    "a close of a code below all": frame(FIN | CLOSE, struct.pack(">H", 999)),
    "a close of a code that is never sent": frame(FIN | CLOSE, struct.pack(">H", 1006)),
    "a close with half a character": frame(FIN | CLOSE, struct.pack(">H", 1000) + b"\xe2\x82"),
    "a close, and more": frame(FIN | CLOSE, struct.pack(">H", 1000)) + frame(FIN | TEXT, b"x") * 99,
    "text that is none": frame(FIN | TEXT, b"\xff\xfe"),
    "a part of nothing": frame(FIN, b"x"),
    "a message within another": frame(TEXT, b"x") + frame(FIN | TEXT, b"y"),
    "a message of empty parts": frame(TEXT) + frame(0) * 50_000,
    "a message of many parts": frame(TEXT, b"x") + frame(0, b"x") * 50_000,
    "a million bytes": frame(FIN | BINARY, bytes(1_000_000)),
    "many pings": frame(FIN | PING, b"x") * 20_000,
    "many messages": frame(FIN | TEXT, b"x") * 20_000,
    "an HTTP request": get("/healthz"),
    "noise": bytes(range(256)) * 400,
    "half a frame": b"\x81",
}
