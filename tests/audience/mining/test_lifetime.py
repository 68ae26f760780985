"""What the models of purchases promise, for any parameters."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import betaln, hyp2f1

from onepool.audience.mining.lifetime import (
    BgBb,
    BgNbd,
    Buyers,
    GammaGamma,
    ParetoNbd,
    beta_binomial,
    beta_geometric,
    discounted,
    fit_bg_bb,
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_mbg_nbd,
    fit_pareto_nbd,
    pareto,
)
from onepool.audience.mining.lifetime.quadrature import beta_nodes

shapes = st.floats(0.05, 8.0)
scales = st.floats(0.1, 60.0)
MODELS = st.one_of(
    st.builds(BgNbd, shapes, scales, shapes, shapes, st.booleans()),
    st.builds(ParetoNbd, shapes, scales, shapes, scales),
)


@st.composite
def some_buyers(draw: st.DrawFn) -> Buyers:
    size = draw(st.integers(1, 12))
    x = draw(st.lists(st.integers(0, 60), min_size=size, max_size=size))
    age = draw(st.lists(st.floats(0.5, 150.0), min_size=size, max_size=size))
    share = draw(st.lists(st.floats(0.01, 1.0), min_size=size, max_size=size))
    recency = [float(a * s) if n else 0.0 for n, a, s in zip(x, age, share, strict=True)]
    return Buyers.grouped([float(n) for n in x], recency, age)[0]


@st.composite
def some_opportunities(draw: st.DrawFn) -> Buyers:
    rows = []
    for _ in range(draw(st.integers(1, 8))):
        n = draw(st.integers(1, 30))
        last = draw(st.integers(0, n))
        x = draw(st.integers(1, last)) if last else 0
        rows.append((float(x), float(last), float(n)))
    return Buyers.grouped(*map(list, zip(*rows, strict=True)))[0]


@given(MODELS, some_buyers(), st.floats(0.1, 50.0), st.floats(0.1, 50.0))
@settings(max_examples=150, deadline=None)
def test_expected_purchases_grow_with_the_horizon_and_are_bounded(
    model: BgNbd | ParetoNbd, buyers: Buyers, first: float, more: float
) -> None:
    alive = model.alive(buyers)
    assert ((alive >= 0) & (alive <= 1)).all()
    near, far = model.expected(buyers, first), model.expected(buyers, first + more)
    assert (near >= 0).all() and (far >= near - 1e-9 * (1 + far)).all()
    # Nobody buys more than at the mean rate without ever stopping.
    rate = (model.r + buyers.frequency) / (model.alpha + buyers.age)
    assert (near <= alive * rate * first * (1 + 1e-6) + 1e-12).all()
    assert (model.expected(buyers, 1e-6) <= rate * 1e-6 * 1.001 + 1e-12).all()


@given(MODELS, st.integers(1, 30), st.floats(5.0, 100.0), st.floats(0.05, 0.9), st.floats(0.01, 0.1))
@settings(max_examples=100, deadline=None)
def test_the_longer_ago_the_likelier_gone(
    model: BgNbd | ParetoNbd, x: int, age: float, share: float, later: float
) -> None:
    buyers, group = Buyers.grouped([x, x], [age * share, age * (share + later)], [age, age])
    earlier, recent = model.alive(buyers)[group]
    assert earlier <= recent + 1e-12


@given(MODELS, some_buyers(), st.floats(1.0, 60.0), st.floats(0.01, 0.5))
@settings(max_examples=50, deadline=None)
def test_discounting_takes_a_little(model: BgNbd | ParetoNbd, buyers: Buyers, horizon: float, rate: float) -> None:
    whole = model.expected(buyers, horizon)
    worth = discounted(partial(model.expected, buyers), horizon, rate, 52.0)
    slack = 1e-6 * (1 + whole)
    assert (worth <= whole + slack).all() and (worth >= whole * (1 + rate) ** (-horizon / 52.0) - slack).all()
    assert discounted(partial(model.expected, buyers), horizon, 0.0, 52.0) == pytest.approx(whole)


@given(shapes, scales, shapes, shapes, st.booleans(), st.integers(0, 60), st.floats(0.5, 100.0), st.floats(0.1, 100.0))
@settings(max_examples=80, deadline=None)
def test_beta_geometric_expectation_is_the_mean_over_chances_to_stop(
    r: float, alpha: float, a: float, b: float, modified: bool, x: int, age: float, horizon: float
) -> None:
    """Of those still there the chance to stop is Beta(a, b + x (+ 1)); given it, purchases have a closed form."""
    model = BgNbd(r, alpha, a, b, modified)
    buyers = Buyers(np.array([float(x)]), np.array([age / 2 if x else 0.0]), np.array([age]), np.ones(1))
    growth = horizon / (alpha + age)

    def purchases(p: float) -> float:
        return -np.expm1(-(r + x) * np.log1p(p * growth)) / p if p > 0 else (r + x) * growth

    ends = (a - 1, b + x + modified - 1)
    mean = quad(purchases, 0, 1, weight="alg", wvar=ends, limit=400, epsabs=0, epsrel=1e-7)[0] / np.exp(
        betaln(a, b + x + modified)
    )
    assert model.expected(buyers, horizon)[0] == pytest.approx(model.alive(buyers)[0] * mean, rel=1e-5)


@given(shapes, scales, shapes, scales, st.integers(0, 40), st.floats(1.0, 100.0), st.floats(0.01, 0.95))
@settings(max_examples=150, deadline=None)
def test_pareto_likelihood_is_the_papers(
    r: float, alpha: float, s: float, beta: float, x: int, age: float, share: float
) -> None:
    """Against the form with Gauss hypergeometric functions, where that one does not lose its digits."""
    recency = age * share if x else 0.0
    first, second = (s + 1, alpha) if alpha >= beta else (r + x, beta)
    distance = abs(alpha - beta)

    def part(y: float) -> float:
        power = r + s + x
        return float(
            hyp2f1(power, first, power + 1, distance / (second + y)) * ((second + recency) / (second + y)) ** power
        )

    difference = part(recency) - part(age)
    if not np.isfinite(difference) or difference < 1e-6 * part(recency):
        return
    published = np.log(difference / (r + s + x)) - (r + s + x) * np.log(second + recency)
    ours = pareto._stopped(np.array([r, alpha, s, beta]), *(np.array([float(v)]) for v in (x, recency, age)))[0][0]
    assert ours == pytest.approx(published, abs=1e-6)


@given(some_buyers(), st.lists(st.floats(-2.0, 2.5), min_size=4, max_size=4), st.sampled_from(["bg", "mbg", "pareto"]))
@settings(max_examples=60, deadline=None)
def test_gradients(buyers: Buyers, logs: list[float], which: str) -> None:
    objective = {
        "bg": partial(beta_geometric._likelihood, buyers, False),
        "mbg": partial(beta_geometric._likelihood, buyers, True),
        "pareto": partial(pareto._likelihood, buyers),
    }[which]
    agrees(objective, np.array(logs))


@given(some_opportunities(), st.lists(st.floats(-2.0, 2.5), min_size=4, max_size=4))
@settings(max_examples=40, deadline=None)
def test_gradient_of_opportunities(buyers: Buyers, logs: list[float]) -> None:
    agrees(partial(beta_binomial._likelihood, buyers), np.array(logs))


def agrees(objective, logs) -> None:  # type: ignore[no-untyped-def]
    _, gradient = objective(logs)
    for place in range(4):
        step = np.zeros(4)
        step[place] = 1e-5
        slope = (objective(logs + step)[0] - objective(logs - step)[0]) / 2e-5
        assert gradient[place] == pytest.approx(slope, rel=2e-4, abs=2e-4)


@given(shapes, shapes, shapes, shapes, some_opportunities())
@settings(max_examples=60, deadline=None)
def test_opportunities(alpha: float, beta: float, gamma: float, delta: float, buyers: Buyers) -> None:
    model = BgBb(alpha, beta, gamma, delta)
    alive = model.alive(buyers)
    assert ((alive >= 0) & (alive <= 1)).all()
    steps = np.stack([model.expected(buyers, n) for n in (1, 1.5, 2, 10)])
    assert (np.diff(steps, axis=0) >= -1e-12).all() and (steps[0] <= alive + 1e-12).all()
    assert (np.diff(model.expected(buyers, 1) - alive) == 0).all() or (model.expected(buyers, 1) <= alive + 1e-12).all()
    # The likelihoods of all histories of two opportunities add up to 1.
    histories = Buyers(np.array([0.0, 1.0, 1.0, 2.0]), np.array([0.0, 1.0, 2.0, 2.0]), np.full(4, 2.0), np.ones(4))
    chance = np.exp(beta_binomial._by_group(histories, model._logs)[0])
    assert chance.sum() == pytest.approx(1.0)


@given(st.floats(0.5, 10), st.floats(1.2, 8), st.floats(1, 100), st.floats(0.1, 1000), st.integers(1, 50))
def test_spending_lies_between_ones_own_and_that_of_all(p: float, q: float, gamma: float, own: float, x: int) -> None:
    model = GammaGamma(p, q, gamma)
    found = model.expected(np.array([float(x), 0.0]), np.array([own, 0.0]))
    low, high = sorted((own, model.population_mean))
    assert low * (1 - 1e-9) <= found[0] <= high * (1 + 1e-9)
    assert found[1] == pytest.approx(model.population_mean)


def simulated(kind: str, size: int, seed: int) -> tuple[Buyers, tuple[float, ...]]:
    """Customers who behave as the model says, watched for 60 to 100 weeks."""
    chance = np.random.default_rng(seed)
    r, alpha, a, b, s, beta = 0.6, 6.0, 0.8, 2.5, 0.7, 12.0
    age = chance.uniform(60, 100, size)
    rate = chance.gamma(r, 1 / alpha, size)
    stop, ends = chance.beta(a, b, size), age
    if kind == "pareto":
        ends = np.minimum(age, chance.exponential(1 / chance.gamma(s, 1 / beta, size)))
    here = chance.random(size) >= stop if kind == "mbg" else np.ones(size, dtype=bool)
    x, last, now = np.zeros(size), np.zeros(size), np.zeros(size)
    while here.any():
        now = now + chance.exponential(1 / rate)
        here = here & (now <= ends)
        x[here] += 1
        last[here] = now[here]
        if kind != "pareto":
            here = here & (chance.random(size) >= stop)
    return Buyers.grouped(x, last, age)[0], (r, alpha, s, beta) if kind == "pareto" else (r, alpha, a, b)


@pytest.mark.parametrize("kind", ["bg", "mbg", "pareto"])
def test_parameters_are_found_again(kind: str) -> None:
    fit = {"bg": fit_bg_nbd, "mbg": fit_mbg_nbd, "pareto": fit_pareto_nbd}[kind]
    buyers, truth = simulated(kind, 12_000, 7)
    _, estimate = fit(buyers)
    assert estimate.converged and not estimate.flat
    assert (np.abs(estimate.values - np.array(truth)) < 3.5 * estimate.errors).all()
    assert (estimate.errors < 0.5 * estimate.values).all()


def test_opportunities_found_again() -> None:
    chance = np.random.default_rng(3)
    size, n = 12_000, 20
    buys, stops = chance.beta(1.2, 0.8, size), chance.beta(0.7, 2.8, size)
    x, last, here = np.zeros(size), np.zeros(size), np.ones(size, dtype=bool)
    for turn in range(1, n + 1):
        here &= chance.random(size) >= stops
        taken = here & (chance.random(size) < buys)
        x += taken
        last[taken] = turn
    _, estimate = fit_bg_bb(Buyers.grouped(x, last, np.full(size, float(n)))[0])
    assert (np.abs(estimate.values - np.array([1.2, 0.8, 0.7, 2.8])) < 3.5 * estimate.errors).all()


def test_spending_found_again() -> None:
    chance = np.random.default_rng(5)
    x = chance.integers(1, 9, 8_000).astype(np.float64)
    own = chance.gamma(4.0, 1 / 15.0, x.size)
    mean = chance.gamma(6.0 * x, 1 / (own * x))
    _, estimate = fit_gamma_gamma(x, mean)
    assert (np.abs(estimate.values - np.array([6.0, 4.0, 15.0])) < 3.5 * estimate.errors).all()


def test_the_unit_of_time_does_not_matter() -> None:
    buyers, _ = simulated("bg", 3_000, 11)
    in_days = buyers.scaled(7.0)
    for fit in (fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd):
        weeks, days = fit(buyers)[0], fit(in_days)[0]
        assert days.expected(in_days, 182.0) == pytest.approx(weeks.expected(buyers, 26.0), rel=1e-4)


def test_a_flat_likelihood_is_said() -> None:
    """Nobody ever stops: where the chance to stop lies can't be told."""
    x = np.arange(1.0, 41.0)
    buyers, _ = Buyers.grouped(x, np.full(40, 50.0), np.full(40, 50.0))
    assert fit_bg_nbd(buyers)[1].flat


@pytest.mark.parametrize("figures", [([1.0], [3.0], [2.0]), ([0.0], [1.0], [2.0]), ([-1.0], [0.0], [2.0])])
def test_impossible_figures(figures: tuple[list[float], ...]) -> None:
    with pytest.raises(ValueError, match=r"recency|below 0"):
        Buyers.grouped(*figures)


def test_nothing_to_fit() -> None:
    nobody, _ = Buyers.grouped([0.0], [0.0], [3.0])
    for fit in (fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd, fit_bg_bb):
        with pytest.raises(ValueError, match="nobody bought again"):
            fit(nobody)
    with pytest.raises(ValueError, match="all amounts"):
        fit_gamma_gamma(np.array([1.0, 2.0]), np.array([3.0, 3.0]))


def test_expectation_is_the_papers_where_that_has_its_digits() -> None:
    model = BgNbd(0.243, 4.414, 0.793, 2.426)
    x, age, horizon = np.array([0.0, 1.0, 2.0, 5.0]), np.array([30.0, 38.0, 20.0, 38.86]), 39.0
    buyers = Buyers(x, np.array([0.0, 30.43, 10.0, 20.0]), age, np.ones(4))
    c, z = model.a + model.b + x - 1, horizon / (model.alpha + age + horizon)
    power = ((model.alpha + age) / (model.alpha + age + horizon)) ** (model.r + x)
    published = c / (model.a - 1) * (1 - power * hyp2f1(model.r + x, model.b + x, c, z)) * model.alive(buyers)
    assert model.expected(buyers, horizon) == pytest.approx(published, rel=1e-9)


def test_nodes_are_exact_for_polynomials() -> None:
    for a, b in ((0.05, 0.05), (1.0, 1.0), (0.5, 300.0), (8.0, 0.3), (2.0, 5000.0)):
        places, weights = beta_nodes(a, b, 12)
        mean = 1.0
        for power in range(20):
            assert weights @ places**power == pytest.approx(mean, rel=1e-8)
            mean *= (a + power) / (a + b + power)
