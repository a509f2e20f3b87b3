"""Both images, built in a bare Debian step by step and run as compose runs them."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.deploy.building import Builder, missing
from tests.deploy.dockerfile import ROOT, stages
from tests.deploy.roots import Root
from tests.e2e.pictures import packed, photograph, unpacked
from tests.e2e.served import PATIENCE_S, READY_S, descendants, free_port, until

pytestmark = [pytest.mark.long, pytest.mark.skipif(bool(missing()), reason=missing())]

STAGES = stages((ROOT / "Dockerfile").read_text())
PICTURE = packed(photograph(160, 120))


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    """One bare system for both images."""
    folder = tmp_path_factory.mktemp("images")
    yield Builder(folder, {})
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def images(
    builder: Builder, port: int, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Root]:
    """Both as compose starts them: read-only but for volumes, the worker without a network."""
    shared: dict[str, Path] = {}
    ready = {}
    for name in ("worker", "service"):
        root = builder.build(name)
        for place in eval(STAGES[name].last("VOLUME").text):
            if place not in shared:  # a new volume begins as what the image has there
                shared[place] = tmp_path_factory.mktemp("volume") / "volume"
                source = root.folder / place.lstrip("/")
                subprocess.run(["cp", "-a", source, shared[place]], check=True)
        ready[name] = replace(root, volumes=shared, read_only=True, network=name == "service")
        for place in shared:
            (root.folder / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
    ready["service"].env["ITTEN_PORT"] = str(port)
    return ready


@contextmanager
def running(images: dict[str, Root], name: str) -> Iterator[subprocess.Popen[bytes]]:
    """The first process of an image; unless it has ended, it must end well when it is told to."""
    stage = STAGES[name]
    command = images[name].command([*stage.last("ENTRYPOINT").argv, *stage.last("CMD").argv])
    with subprocess.Popen(command) as process:
        try:
            yield process
            if process.poll() is None:
                os.kill(descendants(process.pid)[0], signal.SIGTERM)
                assert process.wait(PATIENCE_S) == 0
        finally:  # with its first process all of a container ends
            for pid in descendants(process.pid)[:1]:
                os.kill(pid, signal.SIGKILL)
            process.kill()


def healthy(images: dict[str, Root], name: str) -> bool:
    """What the image's health check says, in the image."""
    check = STAGES[name].last("HEALTHCHECK").text.partition("CMD ")[2]
    command = images[name].command(eval(check))
    return subprocess.run(command, capture_output=True, timeout=PATIENCE_S).returncode == 0


def wait_until_healthy(images: dict[str, Root], name: str) -> None:
    until(lambda: healthy(images, name), READY_S)


@pytest.fixture(scope="module")
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="module")
def service(images: dict[str, Root], port: int, stack: ExitStack) -> str:
    """Where the service is, once there is a worker, too."""
    stack.enter_context(running(images, "service"))
    worker = stack.enter_context(running(images, "worker"))
    wait_until_healthy(images, "worker")
    wait_until_healthy(images, "service")
    images["worker"].env["PID_OF_TEST"] = str(worker.pid)
    return f"http://127.0.0.1:{port}"


def shaded(url: str) -> httpx.Response:
    return httpx.post(
        f"{url}/shade", files={"target": PICTURE}, data={"passes": "1"}, timeout=PATIENCE_S
    )


@pytest.mark.parametrize(
    ("name", "absent"), [("service", ["torch", "numba", "pip"]), ("worker", ["quart", "pip"])]
)
def test_an_image_has_only_its_half(images: dict[str, Root], name: str, absent: list[str]):
    find = "import importlib.util as u; print([n for n in {} if u.find_spec(n)])"
    assert images[name].run(["python", "-c", find.format(absent)]) == "[]\n"


@pytest.mark.parametrize("name", ["service", "worker"])
def test_it_runs_as_a_user_that_can_change_nothing(images: dict[str, Root], name: str):
    image = images[name]
    assert image.run(["id", "-u"]) == "10001\n"
    with pytest.raises(AssertionError, match="Read-only file system"):
        image.run(["sh", "-c", "echo > /opt/itten/changed"])
    with pytest.raises(AssertionError, match="Operation not permitted"):
        image.run(["chown", "root", "/run/itten"])


def test_the_loops_are_compiled_already(images: dict[str, Root]):
    compiled = images["worker"].volumes["/var/cache/itten"] / "itten"
    before = {path: path.stat().st_mtime_ns for path in compiled.rglob("*.nbc")}
    images["worker"].run(["python", "-m", "worker.numerics.precompile"])
    assert before
    assert {path: path.stat().st_mtime_ns for path in compiled.rglob("*.nbc")} == before


def test_the_two_shade_a_picture(service: str):
    answer = shaded(service)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Itten-Status"] == "complete"
    assert unpacked(answer.content).shape[:2] == (120, 160)


def test_the_page_and_its_files_are_there(service: str):
    page = httpx.get(service, timeout=PATIENCE_S).text
    for name in ("main.js", "style/base.css"):
        assert f"/static/{name}" in page
        assert httpx.get(f"{service}/static/{name}", timeout=PATIENCE_S).status_code == 200
    samples = [path.name for path in (ROOT / "static" / "samples").iterdir()]
    assert samples
    for name in samples:
        assert httpx.get(f"{service}/static/samples/{name}", timeout=PATIENCE_S).status_code == 200


def test_another_worker_takes_over_from_a_killed_one(
    images: dict[str, Root], service: str, stack: ExitStack
):
    first = descendants(int(images["worker"].env["PID_OF_TEST"]))[0]
    os.kill(first, signal.SIGKILL)
    until(lambda: not healthy(images, "service"))
    assert not healthy(images, "worker")
    assert httpx.get(f"{service}/healthz", timeout=PATIENCE_S).status_code == 200
    stack.enter_context(running(images, "worker"))  # as the restart policy does
    wait_until_healthy(images, "service")
    assert shaded(service).headers["Itten-Status"] == "complete"
