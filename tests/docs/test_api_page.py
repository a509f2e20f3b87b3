"""`/docs`: every call, field, answer and problem of the description, and examples that run."""

from html.parser import HTMLParser

import httpx
import pytest

from service.settings import Settings
from service.web.docs_page import render
from service.web.docs_text import tag, told
from service.web.openapi import describe
from tests.docs.pages import Block
from tests.docs.reader import Reader
from tests.e2e.served import Served

DESCRIPTION = describe(Settings())
CALLS = [
    about
    for item in DESCRIPTION["paths"].values()
    for method, about in item.items()
    if method != "parameters"
]
VOID = ("meta", "link")


class Page(HTMLParser):
    """What is on a page; elements must be closed in turn."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.examples: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            assert not name.startswith("on")
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src"):
                self.links.append(value or "")
        if tag == "pre":
            self.examples.append("")
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "pre" in self._open:
            self.examples[-1] += data


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render(DESCRIPTION))


def test_every_call_has_its_place_with_summary_example_and_answers(page: Page):
    for path, item in DESCRIPTION["paths"].items():
        for method in item.keys() - {"parameters"}:
            assert f"{method.upper()} {path}" in page.text
    for about in CALLS:
        assert about["summary"] in page.text
        assert about["x-codeSamples"][0]["source"] in page.text
        for answer in about["responses"].values():
            assert answer["description"].replace("`", "") in page.text


def test_every_document_field_and_problem_is_there(page: Page):
    schemas = DESCRIPTION["components"]["schemas"]
    for name, schema in schemas.items():
        assert name in page.ids
        for field, about in schema["properties"].items():
            assert field in page.text
            assert about.get("description", "").replace("`", "") in page.text
    for problem in schemas["Problem"]["properties"]["type"]["oneOf"]:
        assert problem["const"] in page.text
        assert problem["const"].rpartition("/")[2] in page.ids


def test_links_lead_somewhere(page: Page, itten: Served):
    assert len(set(page.ids)) == len(page.ids)
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert httpx.get(f"{itten.url}{link}", timeout=60).status_code == 200


def test_what_is_served_is_the_page_and_loads_nothing_from_elsewhere(itten: Served):
    answer = httpx.get(f"{itten.url}/docs", timeout=60)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "://" not in "".join(Page(answer.text).links)
    assert "<script" not in answer.text


@pytest.mark.long
def test_examples_run_in_their_order(page: Page, reader: Reader, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ITTEN_KEY", "itten_none")  # the service of the test asks for none
    assert len(page.examples) > len(CALLS)
    for example in page.examples:
        reader.follow(Block("sh", example, 0))


def test_text_of_a_description_is_never_markup():
    assert told("<b> `<i>`") == "&lt;b&gt; <code>&lt;i&gt;</code>"
    assert tag("a", '"<', href='"><script>') == '<a href="&#34;&gt;&lt;script&gt;">&#34;&lt;</a>'
