"""The Pareto front of cost and quality: what is best for each number of calls."""

import numpy as np
from jaxtyping import Float


def pareto(
    calls: Float[np.ndarray, " n"], values: Float[np.ndarray, " n"], *, higher_is_better: bool
) -> list[int]:
    """Indices of the points on the front, by rising calls.

    A point is on the front where no other one is at least as good at fewer or equal calls; of equal
    points the first counts. Points that are not finite are left out.
    """
    losses = -values if higher_is_better else values
    front, least = list[int](), np.inf
    for i in np.lexsort(
        (losses, calls)
    ).tolist():  # stable, so that the first of equals comes first
        if np.isfinite(calls[i]) and losses[i] < least and np.isfinite(losses[i]):
            front.append(i)
            least = losses[i]
    return front
