"""Which sheets there are, and which pictures are on them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.drawings import CLASSES
from benchmarks.gallery import sheets
from benchmarks.gallery.layout import Row
from benchmarks.gallery.sheets import Pair
from benchmarks.gallery.studio import Studio
from benchmarks.gallery.sweeps import SWEEPS

LOW_GATES = ("segments", "shadow")
CONTOURS = ("auto", "global", "local", "spectral")


@dataclass(frozen=True)
class Plan:
    """A sheet that can be made."""

    name: str
    title: str
    make: Callable[..., list[Row]]  # from the studio and `of`
    of: tuple[Any, ...]
    bare: bool = False  # without captions, for other pages

    def rows(self, studio: Studio) -> list[Row]:
        """Run the jobs."""
        return self.make(studio, *self.of)


@dataclass(frozen=True)
class Choice:
    """Pictures by name, for all sheets."""

    classes: Mapping[str, Sequence[str]]
    crosses: Mapping[str, Sequence[tuple[str, str]]]
    table: tuple[Sequence[str], Sequence[str]]  # targets and sources
    overlaps: Sequence[Pair]
    some: Sequence[str]  # a few of different kinds
    whole: Sequence[str]  # to be taken as one graph, which is dear for dense drawings
    long: Sequence[str]  # for eight passes
    documents: Mapping[str, Sequence[Any]]  # for the README
    swept: Sequence[str] = ()  # in place of those that each sweep names


PROJECT: Final = Choice(
    classes=CLASSES,
    crosses={
        "drawings": [
            *(("potato", "portrait"), ("plant", "dither"), ("boxes", "portrait")),
            *(("face", "snail"), ("sprite", "boxes")),
        ],
        "photograph by drawing": [("coffee", "plant"), ("astronaut", "portrait"), ("cat", "boxes")],
        "drawing by photograph": [("whale", "coffee"), ("potato", "cat"), ("cup", "retina")],
        "photographs": [("cat", "coffee"), ("rocket", "astronaut"), ("coffee", "retina")],
    },
    table=(("boxes", "potato", "cat"), ("portrait", "plant", "coffee")),
    overlaps=[
        ("whale", None),
        ("boxes", "snail"),
        ("potato", "coffee"),
        ("coffee small", "astronaut"),
    ],
    some=("potato", "snail", "portrait", "sprite", "coffee small", "cat"),
    whole=("potato", "sprite", "coffee small", "cat"),
    long=("potato close", "coffee small"),
    documents={
        "shading": ("whale", "coffee"),
        "cross": [("whale", "coffee"), ("boxes", "plant"), ("cat", "coffee")],
        "spectrum": ("coffee", "whale"),
    },
)


def chosen(names: Sequence[str]) -> Choice:
    """All sheets over somebody's own pictures; each is also the source of the one before."""
    around = [*zip(names, [*names[1:], names[0]], strict=True)]
    return Choice(
        classes={"own": names},
        crosses={"own": around} if len(names) > 1 else {},
        table=(names[:3], names[:4]),
        overlaps=[*((name, None) for name in names), *(around if len(names) > 1 else [])],
        some=names,
        whole=names,
        long=names,
        documents={"shading": names, "cross": around, "spectrum": names},
        swept=names,
    )


def plans(choice: Choice) -> list[Plan]:
    """Every sheet over a choice of pictures, in the order of the page."""
    return [*_attention(choice), *_alternatives(choice), *_sweeps(choice), *_documents(choice)]


def _attention(choice: Choice) -> Iterator[Plan]:
    for kind, names in choice.classes.items():
        yield Plan(f"self-{slug(kind)}", f"Self attention: {kind}", sheets.alone, (names,))
    for kind, pairs in choice.crosses.items():
        yield Plan(f"cross-{slug(kind)}", f"Cross attention: {kind}", sheets.cross, (pairs,))
    title = "Cross attention: several sources for a target, after four passes"
    yield Plan("sources", title, sheets.sources, choice.table)


def _alternatives(choice: Choice) -> Iterator[Plan]:
    pairs = choice.overlaps
    some: list[Pair] = [(name, None) for name in choice.some]
    gates = [*some, *pairs[-1:]]
    yield Plan("overlap", "overlap_mode: where strokes meet", sheets.overlap, (pairs,))
    title = "low_gate: strokes in voids, or tinted shadows of weak lines"
    yield Plan("low-gate", title, sheets.variants, (gates, "low_gate", LOW_GATES))
    title = "contours: what counts as a line"
    yield Plan("contours", title, sheets.variants, (some, "contours", CONTOURS))
    title = "scope: one graph per tile, or one of the whole image"
    yield Plan("scope", title, sheets.scope, (choice.whole,))
    title = "envelope_curve: eight passes"
    yield Plan("envelope", title, sheets.envelope, (choice.long,))


def _sweeps(choice: Choice) -> Iterator[Plan]:
    for swept in SWEEPS:
        beside = "".join(f", {sheets.label(*item)}" for item in swept.beside.items())
        title = f"{swept.name}{beside}: {swept.look}"
        yield Plan(f"sweep-{swept.name}", title, sheets.sweep, (swept, choice.swept))


def _documents(choice: Choice) -> Iterator[Plan]:
    makers = {"shading": sheets.passes, "cross": sheets.cross, "spectrum": sheets.spectrum}
    for name, make in makers.items():
        yield Plan(
            f"docs-{name}", f"For the README: {name}", make, (choice.documents[name],), bare=True
        )


def selected(made: Sequence[Plan], only: Iterable[str]) -> list[Plan]:
    """The sheets of these names, or whose names begin with them and a dash; all for none.

    Raises:
        LookupError: names that are no sheet.
    """
    wanted = list(only)
    unknown = [w for w in wanted if not any(_is(plan, w) for plan in made)]
    if unknown:
        raise LookupError(f"no such sheet: {', '.join(unknown)}")
    return [plan for plan in made if not wanted or any(_is(plan, w) for w in wanted)]


def _is(plan: Plan, name: str) -> bool:
    return plan.name == name or plan.name.startswith(f"{name}-")


def slug(text: str) -> str:
    """A part of a file's name."""
    return text.replace(" ", "-")
