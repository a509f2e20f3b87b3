"""What is said of graphs that are drawn by a rule: ranges, defaults and meaning."""

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct

MOST_NODES = 2_000_000  # of any graph
_LENGTH = "in steps of the lattice"

Coefficient: TypeAlias = Annotated[float, Meta(ge=-1e6, le=1e6)]
Node: TypeAlias = Annotated[int, Meta(ge=0, lt=MOST_NODES)]  # of any graph
Flag: TypeAlias = bool | Annotated[int, Meta(ge=0, le=1)]
Seed: TypeAlias = Annotated[
    int, Meta(ge=0, le=2**32 - 1, description="Another number, another graph (no unit).")
]


def _size(description: str, example: int | None = None) -> Any:
    """Of what there must be one of."""
    examples = None if example is None else [example]
    return Meta(ge=1, le=MOST_NODES, description=description, examples=examples)


class Lattice(Struct, frozen=True, forbid_unknown_fields=True):
    """Rows and columns of a lattice."""

    rows: Annotated[int, _size("Rows of the lattice (a count).", 24)]
    cols: Annotated[int, _size("Columns of the lattice (a count).", 40)]


class Territory(Struct, frozen=True, forbid_unknown_fields=True):
    """Discs of lattice points in a row, joined by bridges."""

    num_islands: Annotated[int, _size("Islands in a row (a count).")] = 3
    radius: Annotated[int, Meta(ge=0, le=MOST_NODES, description=f"Of an island, {_LENGTH}.")] = 6
    bridge_width: Annotated[
        int, Meta(ge=0, le=MOST_NODES, description="Rows of a bridge (a count).")
    ] = 1
    spacing: Annotated[int, _size(f"From centre to centre, {_LENGTH}.")] = 18


class Pinched(Struct, frozen=True, forbid_unknown_fields=True):
    """A square lattice that lacks vertical edges in every `period`-th column."""

    x_range: Annotated[int, _size("Columns (a count).", 40)]
    y_range: Annotated[int, _size("Rows (a count).", 24)]
    period: Annotated[int, _size("From one thin column to the next, in columns.")] = 8
    bottleneck_prob: Annotated[
        float, Meta(ge=0, le=1, description="How many vertical edges are missing there (share).")
    ] = 0.7
    seed: Seed = 0


class Heightfield(Struct, frozen=True, forbid_unknown_fields=True):
    """A landscape by its heights, row by row; nobody passes blocked points."""

    heights: Annotated[
        list[list[Coefficient]],
        Meta(min_length=1, description="Rows of heights, all of one length (no unit)."),
    ]
    blocked: (
        Annotated[
            list[list[Flag]],
            Meta(description="As heights: true or 1 where nobody passes; none when not given."),
        ]
        | None
    ) = None
    elevation_scale: Annotated[
        float,
        Meta(ge=0, le=1e6, description="What a climb of 1 costs, beside a step of 1 (no unit)."),
    ] = 1.0
    connectivity: Annotated[Literal[4, 8], Meta(description="Neighbours of a point (a count).")] = 4


class Gnp(Struct, frozen=True, forbid_unknown_fields=True):
    """Every pair of nodes is joined with probability p, independently."""

    n: Annotated[int, _size("Nodes (a count).", 300)]
    p: Annotated[
        float, Meta(ge=0, le=1, description="That a pair is joined (share).", examples=[0.012])
    ]
    seed: Seed = 0


GENERATOR_PARAMS: dict[str, type[Struct]] = {
    "territory": Territory,
    "square": Lattice,
    "triangle": Lattice,
    "hex": Lattice,
    "pinched": Pinched,
    "heightfield": Heightfield,
    "gnp": Gnp,
}
"""By the name of the generator."""
