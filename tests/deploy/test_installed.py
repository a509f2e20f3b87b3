"""Itten from its wheel, in an environment and a folder of its own; then a later version."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, chdir
from pathlib import Path

import pytest

from tests.deploy.wheels import built, environment, install, run
from tests.e2e.pictures import packed, photograph
from tests.e2e.served import PATIENT, Served, served

pytestmark = pytest.mark.long
LATER = "99.0.0"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with nothing of these sources but the wheel."""
    python = environment(tmp_path_factory.mktemp("environment"))
    install(python, built(tmp_path_factory.mktemp("wheel")))
    return python


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Another directory to be in, with a `worker` of somebody else's."""
    (tmp_path / "worker").mkdir()
    (tmp_path / "worker" / "__init__.py").write_text("raise SystemExit('not ours')")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with chdir(tmp_path):
        yield tmp_path


def serving(python: Path, data: Path) -> AbstractContextManager[Served]:
    itten = str(python.parent / "itten")
    return served(data, "--device", "cpu", itten=[itten], **PATIENT)


def test_the_packages_are_those_of_the_wheel(python: Path):
    place = run(python, "-c", "import service, worker; print(service.__path__, worker.__path__)")
    assert place.count(str(python.parent.parent)) == 2


def test_a_later_version_has_what_the_one_before_it_kept(
    python: Path, elsewhere: Path, tmp_path_factory: pytest.TempPathFactory
):
    data = elsewhere / "data"
    with serving(python, data) as service:
        service.wait_ready()
        for path in ("/", "/docs", "/static/main.js", "/static/samples/cup-small.webp"):
            assert service.get(path).status_code == 200, path
        made = service.post(
            "/shade", files={"target": packed(photograph(96, 96))}, data={"passes": "2"}
        )
        assert made.headers["Itten-Status"] == "complete", made.text
        job = made.headers["Itten-Job"]

    install(python, built(tmp_path_factory.mktemp("later"), LATER))
    assert run(python.parent / "itten", "--version") == f"itten {LATER}\n"
    with serving(python, data) as service:
        service.wait_ready()
        assert service.get("/openapi.json").json()["info"]["version"] == LATER
        assert service.get(f"/jobs/{job}").json()["state"] == "complete"
        assert service.get(f"/jobs/{job}/image").content == made.content
        assert service.get(f"/jobs/{job}/image?pass=1").status_code == 200


def test_a_picture_is_shaded_without_a_server(python: Path, elsewhere: Path):
    (elsewhere / "photo.png").write_bytes(packed(photograph(64, 64)))
    itten = python.parent / "itten"
    run(itten, "shade", elsewhere / "photo.png", "-p", "1", "-o", elsewhere / "out.png")
    assert (elsewhere / "out.png").stat().st_size > 0
