"""Numbers that compiled and uncompiled code must agree on."""

WEIGHT_FLOOR = 1e-6
"""No edge is weaker than this times its base weight, so no pixel is isolated."""

BLOCK = 8
"""Aggregates never cross the borders of blocks of this many pixels a side."""

GROUPS = 4
"""At most so many aggregates in a block."""

MIN_RANGE = 0.05
"""A group whose widest channel spans less than this is not split."""

DROP = 1e-10
"""Directions of the normalised Gram matrix below this share of its largest eigenvalue are dropped:
rounding made them, not the search."""

TINY = 1e-30  # keeps a zero direction zero instead of NaN

CLUSTER_GAP = 0.01
"""Eigenvalues closer than this, relatively, count as one cluster: its vectors are exchangeable."""

OVERCORRECTION = 1.5
"""Steps from group to group follow a slope too timidly; this saves one LOBPCG step in ten."""
