"""The page that shows the sheets."""

from collections.abc import Iterable
from html import escape
from pathlib import Path

from benchmarks.gallery.plans import Plan

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Itten: gallery</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: auto; max-width: 1976px; padding: 1rem }}
nav {{ columns: 20rem }}
nav a {{ display: block }}
figure {{ margin: 2.5rem 0 }}
img {{ max-width: 100%; height: auto }}
</style>
<h1>Gallery</h1>
<p>Made by <code>make gallery</code>. What is the default stands in a frame.</p>
<nav>
{links}
</nav>
{figures}
</html>
"""


def index(plans: Iterable[Plan], folder: Path) -> str:
    """HTML of those sheets that are in the folder."""
    there = [plan for plan in plans if (folder / f"{plan.name}.png").exists()]
    links = (f'<a href="#{plan.name}">{escape(plan.title)}</a>' for plan in there)
    return _PAGE.format(links="\n".join(links), figures="\n".join(map(_figure, there)))


def _figure(plan: Plan) -> str:
    title = escape(plan.title)
    return (
        f'<figure id="{plan.name}"><figcaption><h2>{title}</h2></figcaption>\n'
        f'<a href="{plan.name}.png"><img src="{plan.name}.png" alt="{title}" loading="lazy"></a>'
        "</figure>"
    )
