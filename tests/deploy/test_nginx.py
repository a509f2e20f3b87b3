"""The example for nginx, in nginx, before a service."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from httpx_ws import connect_ws

from service.access.keys import new_key
from tests.deploy.dockerfile import ROOT
from tests.e2e.pictures import noise, packed, photograph
from tests.e2e.served import PATIENCE_S, PATIENT, free_port, held, served, standing_worker, until

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="no nginx: apt-get install nginx-light"),
    pytest.mark.long,
]
NAME = "itten.example"
MOST_EACH = 4  # requests of an address at a time
PICTURE = packed(photograph(64, 64))


def certificate(folder: Path) -> tuple[Path, Path]:
    key, chain = folder / "privkey.pem", folder / "fullchain.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    names = f"subjectAltName=DNS:{NAME},IP:127.0.0.1"
    command += ["-subj", f"/CN={NAME}", "-addext", names, "-keyout", str(key), "-out", str(chain)]
    subprocess.run(command, check=True, capture_output=True)
    return key, chain


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


@contextmanager
def nginx(folder: Path, backend: int, plain: int, tls: int) -> Iterator[None]:
    """The example with ports, a certificate and a backend of the test."""
    example = (ROOT / "deploy" / "nginx" / "itten.conf").read_text()
    certificate(folder)
    for there, here in {
        "    listen [::]:80;\n": "",
        "    listen [::]:443 ssl;\n": "",
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl;": f"listen 127.0.0.1:{tls} ssl;",
        "limit_conn itten 64;": f"limit_conn itten {MOST_EACH};",
        "127.0.0.1:8000": f"127.0.0.1:{backend}",
        f"/etc/letsencrypt/live/{NAME}": str(folder),
    }.items():
        assert there in example
        example = example.replace(there, here)
    temporary = "".join(
        f"{each}_temp_path {folder}/{each};"
        for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    conf = folder / "nginx.conf"
    conf.write_text(
        f"pid {folder}/pid; error_log {folder}/error.log; user root; events {{}}\n"
        f"http {{ access_log off; {temporary}\n{example}\n}}\n"
    )
    command = [NGINX or "", "-p", str(folder), "-c", str(conf), "-g", "daemon off;"]
    with subprocess.Popen(command) as process:
        try:
            until(lambda: all(listens(port) for port in (plain, tls)))
            yield
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """The ports of nginx, without and with TLS, before a service with a cheap worker."""
    plain, tls = free_port(), free_port()
    with (
        standing_worker("slow", tmp_path_factory.mktemp("worker")) as worker,
        served(
            tmp_path_factory.mktemp("data"),
            ITTEN_WORKERS=worker,
            ITTEN_ALLOWED_ORIGINS=f"https://{NAME}",
            **PATIENT,
        ) as service,
        held(worker),  # no job of the usual passes ends by itself
        nginx(tmp_path_factory.mktemp("nginx"), httpx.URL(service.url).port or 0, plain, tls),
    ):
        service.wait_ready()
        yield plain, tls


def anybody() -> ssl.SSLContext:
    """Takes any certificate: it is the test's own."""
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    return trust


def answers(client: httpx.Client) -> bool:
    with suppress(httpx.TransportError):
        return client.get("/healthz").status_code > 0
    return False


@contextmanager
def calling(tls: int, address: str) -> Iterator[httpx.Client]:
    """A client at this address of the machine, once nginx is there."""
    url, headers = f"https://127.0.0.1:{tls}", {"Host": NAME}
    line = httpx.HTTPTransport(verify=anybody(), local_address=address)
    with httpx.Client(base_url=url, headers=headers, transport=line, timeout=PATIENCE_S) as client:
        until(lambda: answers(client))
        yield client


@pytest.fixture
def client(places: tuple[int, int]) -> Iterator[httpx.Client]:
    with calling(places[1], "127.0.0.1") as client:
        yield client


@pytest.fixture
def job(client: httpx.Client) -> Iterator[str]:
    """Where a job is that runs until its deadline."""
    files, headers = {"target": PICTURE}, {"Prefer": "respond-async"}
    answer = client.post("/shade", files=files, headers=headers)
    assert answer.status_code == 202, answer.text
    yield str(answer.headers["Location"])
    client.delete(answer.headers["Location"])


def test_without_tls_one_is_sent_to_where_it_is(places: tuple[int, int]):
    answer = httpx.get(
        f"http://127.0.0.1:{places[0]}/docs?a=b", headers={"Host": NAME}, timeout=PATIENCE_S
    )
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"https://{NAME}/docs?a=b"


def test_the_page_and_a_picture_come_through(client: httpx.Client):
    page = client.get("/")
    assert "Itten" in page.text
    assert page.headers["Strict-Transport-Security"]
    answer = client.post("/shade", files={"target": PICTURE}, data={"deadline_s": "1"})
    assert answer.headers["Itten-Status"] in ("complete", "partial")


@pytest.mark.parametrize(
    ("megabytes", "says"), [(32.5, "application/problem+json"), (34, "text/html")]
)
def test_a_large_body_is_refused_by_who_knows_better(
    client: httpx.Client, megabytes: float, says: str
):
    body = b"\0" * int(megabytes * 2**20)
    answer = client.post("/shade", content=body, headers={"Content-Type": "image/png"})
    assert answer.status_code == 413
    assert answer.headers["Content-Type"].startswith(says)


def test_what_the_service_takes_the_proxy_takes(client: httpx.Client):
    large = packed(noise(3200, 3300))
    assert 30 < len(large) / 2**20 < 32
    answer = client.post("/shade", files={"target": large}, data={"deadline_s": "1"})
    assert answer.status_code in (200, 503), answer.text  # without time for so large a picture


def test_events_come_as_they_happen(client: httpx.Client, job: str):
    headers = {"Accept": "text/event-stream"}
    with client.stream("GET", f"{job}/events", headers=headers) as stream:
        lines = stream.iter_lines()
        assert any(line.startswith("event:") for line in lines)
        assert client.get(job).json()["state"] in ("queued", "running")
        client.delete(job)
        assert "cancelled" in "".join(lines)


def test_a_websocket_comes_through(client: httpx.Client, job: str):
    with connect_ws(f"{job}/events", client) as events:
        assert '"type"' in events.receive_text(timeout=PATIENCE_S)
        assert client.get(job).json()["state"] in ("queued", "running")


def test_two_who_call_through_it_have_limits_of_their_own(tmp_path: Path):
    """Wrong keys: of this machine's addresses only these have a rate."""
    keys = tmp_path / "keys"
    keys.write_text(new_key("alice", ("read",))[1].line())
    keys.chmod(0o600)
    settings = {"ITTEN_API_KEYS_FILE": str(keys), "ITTEN_RATE": "0.001", "ITTEN_RATE_BURST": "3"}
    settings |= {"ITTEN_TRUSTED_PROXIES": "127.0.0.1"}
    plain, tls = free_port(), free_port()
    with (
        standing_worker("slow", tmp_path) as worker,
        served(tmp_path / "data", ITTEN_WORKERS=worker, **settings) as service,
        nginx(tmp_path, httpx.URL(service.url).port or 0, plain, tls),
        calling(tls, "127.0.0.2") as first,
        calling(tls, "127.0.0.3") as second,
    ):
        assert [first.get("/jobs").status_code for _ in range(4)] == [401, 401, 401, 429]
        for forged in ("127.0.0.3", "127.0.0.1", "8.8.8.8, 127.0.0.1", "nonsense"):
            said = {"X-Forwarded-For": forged, "Forwarded": f"for={forged}", "X-Real-IP": forged}
            assert first.get("/jobs", headers=said).status_code == 429
        assert [second.get("/jobs").status_code for _ in range(4)] == [401, 401, 401, 429]


def test_one_who_takes_many_connections_leaves_them_to_others(
    places: tuple[int, int], client: httpx.Client
):
    half = f"POST /shade HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 9\r\n\r\n".encode()
    with calling(places[1], "127.0.0.2") as greedy, ExitStack() as held:
        for _ in range(MOST_EACH):
            line = socket.create_connection(("127.0.0.1", places[1]), PATIENCE_S, ("127.0.0.2", 0))
            secret = held.enter_context(anybody().wrap_socket(line, server_hostname=NAME))
            secret.sendall(half)
        until(lambda: greedy.get("/readyz").status_code == 503)
        assert client.get("/readyz").status_code == 200
    with calling(places[1], "127.0.0.2") as content:
        until(lambda: content.get("/readyz").status_code == 200)
