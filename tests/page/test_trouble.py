"""The page when things go wrong: the connection, the service, a place that is not free."""

import re
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.pictures import drawing, packed, photograph
from tests.e2e.served import PATIENT, free_port, held, served, standing_worker
from tests.page.driving import drop, has_been, job_url, opened, remember

pytestmark = [pytest.mark.browser, pytest.mark.long]  # a service each

SMALL = packed(drawing(96, 64))


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory):
    """The address of a slow, cheap worker that outlives its services."""
    with standing_worker("slow", tmp_path_factory.mktemp("worker")) as address:
        yield address


def reaches(page: Page, state: str | re.Pattern[str]) -> None:
    expect(page.locator("#status")).to_have_attribute("data-state", state)


def start(page: Page, passes: int = 16) -> None:
    drop(page, SMALL)
    page.locator("[name=passes]").fill(str(passes))
    page.locator("#run").click()


def test_a_lost_connection_is_said_and_found_again(page: Page):
    drop(page, packed(photograph(600, 600)))
    page.locator("#run").click()
    reaches(page, "running")
    page.context.set_offline(True)
    expect(page.locator("#status")).to_contain_text("Connection lost")
    page.context.set_offline(False)
    reaches(page, re.compile("complete|partial"))
    expect(page.locator("#result")).to_be_visible()


def test_a_service_that_is_killed_and_comes_back_with_a_job_to_go_on_from(
    browser: Browser, workers: str, tmp_path: Path
):
    settings = {"ITTEN_PORT": str(free_port()), "ITTEN_WORKERS": workers, **PATIENT}
    with served(tmp_path, status=-signal.SIGKILL, **settings) as itten:
        itten.wait_ready()
        with opened(browser, itten.url) as page:
            with held(workers):
                start(page)
                reaches(page, "running")
                itten.process.kill()
                itten.process.wait()
            expect(page.locator("#status")).to_contain_text("Connection lost")
            with served(tmp_path, **settings) as restarted:
                restarted.wait_ready()
                reaches(page, "partial")
                expect(page.locator("#status")).to_contain_text("Interrupted by a restart")
                page.locator("#resume").click()
                reaches(page, "complete")
                expect(page.locator("#passes-strip .filled")).to_have_count(17)


def test_an_upload_that_meets_no_service_is_sent_once_there_is_one(
    browser: Browser, workers: str, tmp_path: Path
):
    settings = {"ITTEN_PORT": str(free_port()), "ITTEN_WORKERS": workers, **PATIENT}
    with served(tmp_path, status=-signal.SIGKILL, **settings) as itten:
        itten.wait_ready()
        with opened(browser, itten.url) as page:
            drop(page, SMALL)
            expect(page.locator("#run")).to_be_enabled()  # it knows the fields
            itten.process.kill()
            itten.process.wait()
            page.locator("#run").click()
            expect(page.locator("#status")).to_contain_text("sent again")
            with served(tmp_path, **settings) as restarted:
                restarted.wait_ready()
                reaches(page, "complete")
                assert len(page.request.get(f"{restarted.url}/jobs").json()["jobs"]) == 1


def test_a_refused_request_says_when_to_come_back_and_does_so_if_asked(
    browser: Browser, workers: str, tmp_path: Path
):
    settings = {"ITTEN_WORKERS": workers, "ITTEN_MAX_QUEUE": "1", **PATIENT}
    with served(tmp_path, **settings) as itten:
        itten.wait_ready()
        with opened(browser, itten.url) as first, opened(browser, itten.url) as second:
            problem = second.locator("#problem")
            with held(workers):
                start(first)
                reaches(first, "running")
                remember(second, "#problem")
                start(second, passes=1)
                has_been(second, "#problem", text=r"Try again in \d+ second")
                expect(second.locator("#status")).to_have_attribute("data-state", "failed")
                problem.get_by_role("checkbox").check()
            reaches(second, "complete")
            expect(problem).to_be_hidden()


def test_a_refused_resume_leaves_what_there_was(browser: Browser, tmp_path: Path):
    worker = tmp_path / "worker"
    worker.mkdir()
    with (
        standing_worker("brief", worker) as address,
        served(tmp_path / "data", ITTEN_WORKERS=address) as itten,
    ):
        itten.wait_ready()
        with opened(browser, itten.url) as page:
            start(page)
            reaches(page, "partial")
            assert page.request.delete(job_url(page)).ok
            page.locator("#resume").click()
            expect(page.locator("#problem")).to_be_visible()
            expect(page.locator("#result")).to_be_visible()
            expect(page.locator("#run")).to_be_enabled()
