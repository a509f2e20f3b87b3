"""Compile the programs for an H100 or H200, which needs no GPU; the interpreter accepts more.

Run by a test in a process of its own, without TRITON_INTERPRET; prints the programs' names.
"""

from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from worker.numerics.kernels import cuda, jacobi

HOPPER = GPUTarget("cuda", 90, 32)


def compile_program(program: Any, constants: dict[str, int], warps: int, **pointers: str) -> None:
    types = {name: pointers.get(name, "i32") for name in program.arg_names}
    types |= dict.fromkeys(constants, "constexpr")
    places = {(program.arg_names.index(name),): value for name, value in constants.items()}
    source = ASTSource(program, types, places)
    assert triton.compile(source, target=HOPPER, options={"num_warps": warps}).asm["cubin"]
    print(program.__name__)


for number in ("*fp32", "*fp64"):
    compile_program(
        cuda._edge_weights,
        {"PIXELS": 256},
        4,
        colours=number,
        shifts="*i32",
        across="*i32",
        base=number,
        weights=number,
        degree=number,
    )
    compile_program(
        cuda._apply,
        {"ROWS": 4, "PIXELS": 256},
        4,
        weights=number,
        shifts="*i32",
        X=number,
        Y=number,
    )
    compile_program(
        cuda._galerkin_sums,
        {"PIXELS": 256},
        4,
        weights=number,
        shifts="*i32",
        labels="*i64",
        sums="*i64",
    )
compile_program(
    jacobi._jacobi,
    {"SIZE": 16, "SWEEPS": 16},
    1,
    A="*fp64",
    values="*fp64",
    vectors="*fp64",
)
