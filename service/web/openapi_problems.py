"""The types of problems as OpenAPI describes them."""

from typing import Any

from service.problems import Problem


def problem_types() -> list[dict[str, Any]]:
    """Every type of a problem, as schemas of one value each, by their status."""
    found = {each.slug: each for each in _descended(Problem)}  # the most special of each
    return [
        {
            "const": f"/problems/{slug}",
            "title": each.title,
            "description": str(each.__doc__).partition("\n")[0],
            "x-status": each.status,
        }
        for slug, each in sorted(found.items(), key=lambda item: (item[1].status, item[0]))
    ]


def _descended(kind: type[Problem]) -> list[type[Problem]]:
    """The kind, and after it all that are special cases of it."""
    below = [each for special in kind.__subclasses__() for each in _descended(special)]
    return [kind, *below]
