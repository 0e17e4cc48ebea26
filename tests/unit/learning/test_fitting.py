from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from support.labels import clouds

from flowersorter.learning.evaluate import Epoch
from flowersorter.learning.fitting import (
    STRENGTHS,
    Examples,
    _Problem,
    choose_strength,
    fit_head,
    loss_and_accuracy,
)
from flowersorter.learning.head import Head
from flowersorter.progress import Cancelled, Progress

EXAMPLES = clouds({"daisy": 60, "rose": 40, "tulip": 20}, spread=0.9)
FRESH = clouds({"daisy": 60, "rose": 60, "tulip": 60}, spread=0.9, seed=1)


def accuracy(head: Head, examples: Examples) -> float:
    return float((head.predict(examples.features).argmax(axis=1) == examples.labels).mean())


def test_a_fit_beside_a_prior_stays_near_it_and_learns_what_is_fresh() -> None:
    nothing = Head(EXAMPLES.species, np.zeros((3, 512), np.float32), np.zeros(3, np.float32), root=False)
    prior, _ = fit_head(replace(EXAMPLES, prior=nothing), 0.01)
    assert not prior.root
    few = EXAMPLES.where(np.arange(120) % 12 == 0)  # what is left of the photos that taught the prior
    kept, _ = fit_head(replace(few, prior=prior), 1000.0)
    assert np.allclose(kept.weight, prior.weight, atol=1e-3)
    assert accuracy(kept, FRESH) == pytest.approx(accuracy(prior, FRESH), abs=0.02)

    # a species that the prior does not know, in an order of its own, and only its photos are fresh
    aster = np.abs(np.random.default_rng(7).normal(2.0, 0.3, (6, 512))).astype(np.float32)
    both = Examples(
        np.concatenate([few.features, aster]),
        np.concatenate([few.labels + 1, np.zeros(6, np.int64)]),
        ("aster", *EXAMPLES.species),
        prior,
        np.arange(len(few.labels) + 6) >= len(few.labels),
    )
    head, _ = fit_head(both, 1.0)
    assert (head.predict(aster).argmax(axis=1) == 0).all()
    named = [head.species[place] for place in head.predict(FRESH.features).argmax(axis=1)]
    right = np.mean([name == FRESH.species[label] for name, label in zip(named, FRESH.labels, strict=True)])
    assert right > accuracy(prior, FRESH) - 0.05
    unheard, _ = fit_head(replace(both, fresh=None), 1.0)
    assert unheard.predict(aster)[:, 0].mean() < head.predict(aster)[:, 0].mean()


def test_the_gradient_is_that_of_the_loss() -> None:
    """Against torch's autograd on the same loss, written another way."""
    problem = _Problem(EXAMPLES)
    start = torch.from_numpy(np.random.default_rng(0).normal(size=len(problem.start())) * 0.01)
    loss, slope = problem.loss(0.3)(start)
    weight = start[:-3].reshape(3, 512).clone().requires_grad_()
    bias = start[-3:].clone().requires_grad_()
    labels = torch.from_numpy(EXAMPLES.labels)
    weights = 1 / np.sqrt(np.bincount(EXAMPLES.labels))
    losses = torch.nn.functional.cross_entropy(
        problem.inputs.double() @ weight.T + bias, labels, weight=torch.from_numpy(weights)
    )
    whole = losses + 0.15 * (weight**2).sum()
    whole.backward()
    assert weight.grad is not None
    assert bias.grad is not None
    assert loss == pytest.approx(whole.item(), rel=1e-5)
    assert torch.allclose(slope, torch.cat([weight.grad.ravel(), bias.grad]), atol=1e-5)


def test_the_head_finds_the_bottom() -> None:
    """The gradient vanishes there, seen from torch's own optimiser."""
    problem = _Problem(EXAMPLES)
    head, _ = fit_head(EXAMPLES, 0.1)
    parameters = problem.start().requires_grad_()
    optimizer = torch.optim.LBFGS([parameters], max_iter=300, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        loss, parameters.grad = problem.loss(0.1)(parameters.detach())
        return torch.tensor(loss)

    optimizer.step(closure)
    best = problem.head(parameters.detach())
    assert np.abs(head.predict(FRESH.features) - best.predict(FRESH.features)).max() < 0.02


def test_separate_species_are_told_apart() -> None:
    head, _ = fit_head(EXAMPLES, 0.1)
    assert accuracy(head, FRESH) > 0.95
    assert head.species == EXAMPLES.species
    assert np.allclose(head.predict(FRESH.features).sum(axis=1), 1.0)


def test_fitting_twice_gives_the_same_head() -> None:
    one, _ = fit_head(EXAMPLES, 0.03)
    other, _ = fit_head(EXAMPLES, 0.03)
    assert np.array_equal(one.weight, other.weight)
    assert np.array_equal(one.bias, other.bias)


def test_every_step_is_an_epoch_of_the_curves() -> None:
    seen: list[object] = []
    _, epochs = fit_head(EXAMPLES, 0.1, held_back=FRESH, report=seen.append)
    assert seen == list(epochs)
    assert len(epochs) > 5
    assert all(isinstance(epoch, Epoch) and epoch.val_accuracy is not None for epoch in epochs)
    assert epochs[-1].train_loss < epochs[0].train_loss
    assert accuracy(fit_head(EXAMPLES, 0.1)[0], FRESH) == epochs[-1].val_accuracy


def test_loss_and_accuracy_are_means_over_the_photos() -> None:
    scores = torch.eye(4) * 900
    assert loss_and_accuracy(scores, torch.tensor([0, 1, 2, 0])) == (pytest.approx(225.0), 0.75)


def test_cancelling_stops_at_the_next_step() -> None:
    """Promise 16."""
    steps = 0

    def report(event: object) -> None:
        nonlocal steps
        assert isinstance(event, Progress)
        steps += 1
        if steps == 3:
            raise Cancelled

    threads = torch.get_num_threads()
    with pytest.raises(Cancelled):
        fit_head(EXAMPLES, 0.01, report=report)
    assert steps == 3
    assert torch.get_num_threads() == threads


def test_a_rare_species_is_heard() -> None:
    """Its weight grows with the root of its photos only: a hundredth of the photos, a tenth of the say."""
    rare = clouds({"common": 400, "rare": 4})
    weights = _Problem(rare).weights
    shares = [weights[rare.labels == label].sum() for label in (0, 1)]
    assert shares[0] / shares[1] == pytest.approx(10.0)
    assert sum(shares) == pytest.approx(1.0)


def test_constant_features_do_no_harm() -> None:
    features = np.repeat(np.array([[1.0], [1.0], [3.0], [3.0]], dtype=np.float32), 512, axis=1)
    examples = Examples(features, np.array([0, 0, 1, 1]), ("a", "b"))
    head, _ = fit_head(examples, 0.1)
    assert head.predict(features).argmax(axis=1).tolist() == [0, 0, 1, 1]
    same = Examples(np.ones((4, 512), dtype=np.float32), np.array([0, 0, 1, 1]), ("a", "b"))
    assert np.allclose(fit_head(same, 0.1)[0].predict(same.features), 0.5)


def test_noisy_species_ask_for_more_caution_than_clear_ones() -> None:
    chosen = []
    for spread in (0.5, 8.0):
        examples = clouds({"a": 50, "b": 50}, spread=spread)
        judging = np.arange(100) % 4 == 0
        chosen.append(choose_strength(examples, [(~judging, judging)]))
    assert chosen[0] < chosen[1]
    assert set(chosen) <= set(STRENGTHS)
