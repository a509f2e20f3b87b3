"""Who is faster than the page, or slower: what comes in another order than usual."""

import re
import socket
import threading

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.pictures import drawing, packed, photograph
from tests.e2e.served import Served
from tests.page.driving import drop, opened, run_to_its_end

pytestmark = [pytest.mark.browser, pytest.mark.long]

# The first picture is decoded only when the test says so.
SLOW_TO_DECODE = """() => {
  const decode = window.createImageBitmap;
  const first = {};
  first.released = new Promise((resolve) => (first.release = resolve));
  window.createImageBitmap = (...rest) => {
    first.decoded ??= first.released.then(() => decode(...rest));
    const own = first.taken ? decode(...rest) : first.decoded;
    first.taken = true;
    return own;
  };
  // Resolves when whoever waited has gone on.
  window.release = async () => {
    first.release();
    await first.decoded;
    await new Promise((resolve) => setTimeout(resolve));
  };
}"""
LIT = """() => {
  const field = document.getElementById("field");
  const { data } = field.getContext("2d").getImageData(0, 0, field.width, field.height);
  return field.width > 1 && data.filter((value, i) => i % 4 === 3 && value > 0).length;
}"""
NO_FRAMES = "window.requestAnimationFrame = () => 1;"


def test_a_run_that_is_faster_than_the_decoder_shows_its_input_and_its_field(page: Page):
    page.evaluate(SLOW_TO_DECODE)
    drop(page, packed(photograph(160, 120)))
    page.locator("[name=passes]").fill("1")
    run_to_its_end(page)
    page.wait_for_function(f"() => ({LIT})() > 0")
    lit = page.evaluate(LIT)
    page.evaluate("release()")
    expect(page.locator("#passes-strip .filled")).to_have_count(2)
    expect(page.locator("#original-meta")).to_contain_text(re.compile("160 . 120"))
    assert page.evaluate(LIT) >= lit


def test_a_picture_that_is_decoded_after_the_next_one_takes_nothing_of_it(page: Page):
    page.evaluate(SLOW_TO_DECODE)
    drop(page, packed(photograph(160, 120)), "first.png")
    drop(page, packed(drawing(96, 64)), "second.png")
    meta, sizes = page.locator("#original-meta"), re.compile("96 . 64")
    expect(meta).to_contain_text(sizes)
    page.evaluate("release()")
    expect(meta).to_contain_text(sizes)
    expect(page.locator("#original-title")).to_have_text("second.png")


def test_a_key_before_the_first_frame_is_no_trouble(itten: Served, browser: Browser):
    with opened(browser, "about:blank") as page:
        page.add_init_script(NO_FRAMES)
        page.goto(f"{itten.url}/graphs")
        expect(page.locator("#graph-meta")).to_contain_text("nodes")
        page.locator("#plot").press("ArrowRight")


def test_who_asks_late_to_be_taken_again_is_taken_at_once(page: Page):
    refused: list[str] = []

    def refuse_once(route: Route) -> None:
        if refused:
            route.continue_()
        else:
            refused.append(route.request.url)
            headers = {"Retry-After": "0"}
            route.fulfill(status=503, headers=headers, json={"title": "Full", "status": 503})

    page.route("**/jobs/*", refuse_once)
    drop(page, packed(drawing(64, 48)))
    page.locator("[name=passes]").fill("1")
    page.locator("#run").click()
    problem = page.locator("#problem")
    expect(problem).to_contain_text("You can try again now")
    problem.get_by_role("checkbox").click()
    expect(page.locator("#status")).to_have_attribute("data-state", "complete")


def test_an_answer_that_breaks_off_is_a_server_that_cannot_be_reached(page: Page):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def break_off() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")

        thread = threading.Thread(target=break_off, daemon=True)
        thread.start()
        port = server.getsockname()[1]
        page.route("**/jobs/cut", lambda route: route.continue_(url=f"http://127.0.0.1:{port}/"))
        said = page.evaluate(
            """async () => {
              const api = await import("/static/job/api.js");
              return api.readJob("/jobs/cut").then(() => "all is well", (error) => error.title);
            }"""
        )
        thread.join()
    assert said == "The server cannot be reached"
