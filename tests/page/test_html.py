"""The pages have one helm: what starts and stops is the same on all."""

import re

import pytest

from tests.docs.pages import ROOT

PAGES = [ROOT / "static" / page / "index.html" for page in ("", "graph", "surface")]


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ('    <button class="button primary" id="run"', '  <form class="console"'),
        ('  <section class="history"', "  </section>"),
    ],
)
def test_what_all_pages_have_is_alike(begin: str, end: str) -> None:
    parts = [page.read_text().partition(begin)[2].partition(end)[0] for page in PAGES]
    first, second, third = (re.sub("Choose a picture to begin", "Ready", part) for part in parts)
    assert first == second == third != ""
