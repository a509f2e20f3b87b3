import numpy as np

from worker.graphs.solved import Solved


def test_a_residual_beside_no_eigenvalue_at_all_is_infinite():
    found = Solved(
        component=0,
        nodes=np.arange(3),
        values=np.array([0.0, 2.0]),
        vectors=np.eye(2, 3),
        residual=np.array([1e12, 0.5]),
        converged=np.zeros(2, bool),
        precision_limited=np.ones(2, bool),
        largest=4.0,
        solver="dense",
        iterations=1,
    )
    over_own, over_largest = found.relative()
    assert over_own.tolist() == [np.inf, 0.25]
    assert over_largest.tolist() == [2.5e11, 0.125]
