"""Whatever the pages tell to type is typed, and whatever they link to is there."""

from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, anchors, blocks, commands, links
from tests.docs.reader import Reader

LONG = ("README", "operating", "parameters", "python", "tuning-for-your-gpu")
"""They start workers of their own, or many jobs."""

FOLLOWED = [
    pytest.param(page, id=page.stem, marks=pytest.mark.long if page.stem in LONG else ())
    for page in PAGES
]


@pytest.mark.parametrize("page", FOLLOWED)
def test_every_command_of_a_page_runs(page: Path, reader: Reader):
    for block in blocks(page.read_text()):
        try:
            reader.follow(block)
        except AssertionError as error:
            raise AssertionError(f"{page.name}, line {block.line}: {error}") from None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_of_a_page_leads_somewhere(page: Path):
    for link in links(page.read_text()):
        name, _, anchor = link.partition("#")
        if "://" in name:
            continue
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), link
        assert there.is_relative_to(ROOT), link
        if anchor:
            assert anchor in anchors(there.read_text()), link


@pytest.mark.parametrize(
    "wrong",
    [
        "```sh\ncurl localhost:8000/nothing -o out.png\ntrue\n```\n",
        "```sh\nmake nothing\n```\n",
        "```python\nassert 1 == 2, 'nothing'\n```\n",
        "```\nnothing\n```\n",
    ],
)
def test_what_fails_is_noticed(reader: Reader, wrong: str):
    [block] = blocks(wrong)
    with pytest.raises(AssertionError, match="nothing"):
        reader.follow(block)


def test_a_command_may_go_on_in_the_next_line():
    assert commands("# said\ncurl a \\\n  b\n\nmake c  # why\n") == ["curl a   b", "make c  # why"]
