"""Probability models of how customers go on buying: how often, for how much, and whether they still do.

BG/NBD (Fader, Hardie, Lee 2005), MBG/NBD (Batislam, Denizel, Filiztekin 2007), Pareto/NBD (Schmittlein, Morrison,
Colombo 1987) and BG/BB (Fader, Hardie, Shang 2010) for purchases, Gamma-Gamma (Fader, Hardie, Lee 2005; Fader, Hardie
2013) for money; all by maximum likelihood.

>>> buyers, group = Buyers.grouped([0, 2, 2], [0.0, 5.0, 5.0], [9.0, 9.0, 9.0])
>>> buyers.weight.tolist(), group.tolist()
([1.0, 2.0], [0, 1, 1])
"""

from __future__ import annotations

from onepool.audience.mining.lifetime.beta_binomial import BgBb, fit_bg_bb
from onepool.audience.mining.lifetime.beta_geometric import BgNbd, fit_bg_nbd, fit_mbg_nbd
from onepool.audience.mining.lifetime.buyers import Buyers
from onepool.audience.mining.lifetime.discount import discounted
from onepool.audience.mining.lifetime.gamma_gamma import GammaGamma, fit_gamma_gamma
from onepool.audience.mining.lifetime.maximum import Estimate
from onepool.audience.mining.lifetime.pareto import ParetoNbd, fit_pareto_nbd

__all__ = [
    "BgBb",
    "BgNbd",
    "Buyers",
    "Estimate",
    "GammaGamma",
    "ParetoNbd",
    "discounted",
    "fit_bg_bb",
    "fit_bg_nbd",
    "fit_gamma_gamma",
    "fit_mbg_nbd",
    "fit_pareto_nbd",
]
