"""The arrays of an npz from somebody else: nothing in it is run, and sizes come first."""

import io
import zipfile
import zlib
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from worker.graphs.errors import BadGraph

MOST_BYTES = 512 << 20  # of all arrays together: the largest graph in int64 and float64
MOST_WIDE = 8  # bytes of a number


def npz_arrays(
    body: bytes, names: Collection[str], prefix: str, passed_over: Collection[str] = ()
) -> dict[str, NDArray[Any]]:
    """The numeric arrays of an npz.

    Args:
        body: the file.
        names: that may be there.
        prefix: names that begin so may be there as well.
        passed_over: names of members that are not read.

    Raises:
        BadGraph: no npz, or arrays that are unknown, not numeric or too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > MOST_BYTES:
                raise BadGraph("graph", f"the arrays take more than {MOST_BYTES >> 20} MiB")
            arrays = {}
            for member in members:
                name = member.filename.removesuffix(".npy")
                if name in passed_over:
                    continue
                if name not in names and not name.startswith(prefix):
                    known = ", ".join(sorted(names))
                    raise BadGraph(name, f"not an array of a graph; known: {known}, {prefix}...")
                if name in arrays:
                    raise BadGraph(name, "there is a second array of this name; leave one out")
                arrays[name] = npy_array(name, archive.read(member))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BadGraph("graph", f"not an npz: {error}") from error
    return arrays


def npy_array(name: str, data: bytes) -> NDArray[Any]:
    """The numeric array of a npy; raises BadGraph for what is none."""
    stream = io.BytesIO(data)
    try:
        version = npy.read_magic(stream)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        shape, fortran, dtype = read(stream)
    except (ValueError, KeyError) as error:
        raise BadGraph(name, "not an array as numpy.save writes it") from error
    if dtype.kind not in "iuf" or dtype.itemsize > MOST_WIDE:
        raise BadGraph(name, f"{dtype} is not taken; save integers or floats of up to 64 bits")
    rest = memoryview(data)[stream.tell() :]
    count = int(np.prod(shape, dtype=object))
    if min((0, *shape)) < 0 or count * dtype.itemsize != len(rest):
        raise BadGraph(name, f"{len(rest)} bytes are not {shape!s:.60} of {dtype}")
    try:
        return np.frombuffer(rest, dtype).reshape(shape, order="F" if fortran else "C")
    except ValueError as error:  # more axes than numpy has, or one longer than memory
        raise BadGraph(name, f"{shape!s:.60} is no shape that an array has") from error
