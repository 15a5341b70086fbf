"""How far two sets of pictures are apart in a space of features: FID and KID, by torchmetrics (extra `eval`)."""

import warnings

import numpy as np
from jaxtyping import Float

from anyvl.errors import MissingExtraError

_PARTS = 20


def feature_distances(
    found: Float[np.ndarray, "picture feature"], true: Float[np.ndarray, "others feature"]
) -> dict[str, float]:
    """ "FID" (Heusel et al. 2017) and "KID" (Bińkowski et al. 2018); 0 is the same.

    FID falls with the number of pictures: compare figures of equal numbers. KID is unbiased, the mean over random parts of the
    larger set, each as large as the smaller (fixed seed).
    """
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns that it keeps features, which is what it is for
            from torchmetrics.image.fid import FrechetInceptionDistance
            from torchmetrics.image.kid import KernelInceptionDistance

            as_they_are = torch.nn.Identity()
            as_they_are.num_features = found.shape[1]
            fid = FrechetInceptionDistance(feature=as_they_are)
            kid = KernelInceptionDistance(feature=as_they_are, subsets=_PARTS, subset_size=min(len(found), len(true)))
    except ImportError:
        raise MissingExtraError("the distance of pictures", "torchmetrics", "eval") from None
    for features, real in ((found, False), (true, True)):
        for metric in (fid, kid):
            metric.update(torch.from_numpy(features), real=real)
    with torch.random.fork_rng():
        torch.manual_seed(0)  # which parts KID takes of the larger set
        return {"FID": float(fid.compute()), "KID": float(kid.compute()[0])}
