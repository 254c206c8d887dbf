"""Does the noise model find how labels go wrong?"""

import numpy as np
import pytest

from underglass.analyses.label_noise import FLOOR, fit_noise, pooled, posterior_of


def noisy(n=8000, classes=5, share=0.2, *, to_next=True, margin=3.0, seed=0):
    r = np.random.default_rng(seed)
    truth = r.integers(0, classes, n)
    logits = r.standard_normal((n, classes))
    logits[np.arange(n), truth] += margin
    chance = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    wrong = r.random(n) < share
    given = np.where(wrong, (truth + (1 if to_next else r.integers(1, classes, n))) % classes, truth)
    return np.log(np.maximum(chance, FLOOR)).astype(np.float32), truth, given


def test_the_noise_matrix_comes_back_when_labels_go_to_the_next_class():
    evidence, _, given = noisy(share=0.2)
    matrix = fit_noise([evidence], given).matrix
    assert np.diag(matrix) == pytest.approx(np.full(5, 0.8), abs=0.03)
    assert matrix[np.arange(5), (np.arange(5) + 1) % 5] == pytest.approx(np.full(5, 0.2), abs=0.03)


def test_shy_probabilities_are_sharpened_to_what_they_are_worth():
    # logits N(0, 1) with the true one raised by 3 have the posterior softmax(3 · logits): the exponent to find is 3
    evidence, _, given = noisy(n=20_000, share=0.1, to_next=False)
    assert fit_noise([evidence], given).weights[0] == pytest.approx(3, abs=0.15)


def test_a_source_that_knows_nothing_gets_little_weight():
    evidence, _, given = noisy()
    chance = np.random.default_rng(1).dirichlet(np.ones(5), len(given))
    useful, useless = fit_noise([evidence, np.log(chance).astype(np.float32)], given).weights
    assert useful > 2
    assert useless < 0.1


def test_clean_labels_are_left_alone():
    evidence, _, given = noisy(share=0.0)
    model = fit_noise([evidence], given)
    assert np.diag(model.matrix).min() > 0.99
    wrong = 1 - posterior_of([evidence], given, model.weights, model.matrix)[np.arange(len(given)), given]
    assert (wrong > 0.5).mean() < 0.005


def test_posteriors_sum_to_one_and_follow_bayes():
    evidence, _, given = noisy(n=50)
    matrix = fit_noise([evidence], given).matrix
    posterior = posterior_of([evidence], given, np.ones(1), matrix)
    by_hand = np.exp(evidence.astype(np.float64)) * matrix[:, given].T
    assert posterior == pytest.approx(by_hand / by_hand.sum(1, keepdims=True), abs=1e-5)


def test_pooling_is_a_product_of_powers():
    a, b = np.log([[0.7, 0.3]]), np.log([[0.2, 0.8]])
    product = np.array([0.7**2 * 0.2**0.5, 0.3**2 * 0.8**0.5])
    assert pooled([a, b], np.array([2.0, 0.5]))[0] == pytest.approx(product / product.sum(), abs=1e-6)


def test_the_estimated_share_of_classes_is_that_of_the_truth():
    evidence, truth, given = noisy()
    assert fit_noise([evidence], given).prior == pytest.approx(np.bincount(truth) / len(truth), abs=0.01)
