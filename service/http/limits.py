"""What one connection may take of the server, in one frozen object."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Times in seconds, sizes in bytes; the defaults are for clients on the open internet."""

    connections: int = 512
    """At a time; `within` has fewer where a process may have less than 1024 files open."""

    connections_each: int = 384
    """Of those, from one address; it may be a proxy's, so the rest is what others need at least."""

    header_s: float = 10.0
    """From connecting, or from the last answer, to a complete request header."""

    send_s: float = 5.0
    """For the kernel to take one piece of an answer; a reader slower than that is dropped."""

    send_bytes: int = 64 * 1024
    """Size of such a piece: with `send_s` the slowest reader that is served has 13 kB/s."""

    linger_s: float = 2.0
    """What a client may still send, to no effect, after its connection was half closed.

    Closing at once makes the kernel answer the rest of an upload with a reset, which can
    destroy the 413 on its way to the client."""

    pipelined_bytes: int = 256 * 1024
    """Read ahead while a request is under way, to notice a hang-up behind it."""

    ping_s: float = 20.0
    """Between two pings on a WebSocket."""

    silence_s: float = 50.0
    """A WebSocket that has sent nothing for so long, not even a pong, has a dead peer."""

    message_bytes: int = 64 * 1024
    """Largest WebSocket message; clients have next to nothing to say."""

    chatter_bytes_s: int = 16 * 1024
    """What a WebSocket's client may say in a second, beyond two messages of the largest size.

    A frame of six bytes costs as much time as one of a thousand."""

    farewell_s: float = 0.5
    """For the closing frames of WebSockets when the server ends, and for each handler to leave."""


def within(files: int) -> Limits:
    """The defaults where so many files may be open: the work needs half of them."""
    connections = min(Limits.connections, files // 2)
    return Limits(connections=connections, connections_each=connections * 3 // 4)
