"""Gradient-boosted trees: learned by LightGBM, kept as its own text, asked for scores and contributions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from onepool.audience.mining.features import Column

if TYPE_CHECKING:
    import lightgbm

F32: TypeAlias = npt.NDArray[np.float32]
F64: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

ROUNDS = 600
PATIENCE = 30


class Trees:
    """One learned model."""

    def __init__(self, booster: lightgbm.Booster) -> None:
        self._booster = booster

    @classmethod
    def learned(
        cls,
        rows: F32,
        positive: Bools,
        columns: tuple[Column, ...],
        seed: int,
        check: tuple[F32, Bools] | None = None,
        rounds: int = ROUNDS,
    ) -> Trees:
        """From rows of features; stops when the rows to check with are predicted no better.

        The same rows and seed give the same trees: one thread, no sampling that depends on timing.
        """
        import lightgbm  # only who learns waits for it

        names = [f"f{place}" for place in range(len(columns))]
        coded = [name for name, column in zip(names, columns, strict=True) if column.levels is not None]
        options: dict[str, Any] = {
            "objective": "binary",
            "metric": "binary_logloss",
            "learning_rate": 0.03,
            "num_leaves": 15,
            "min_data_in_leaf": max(20, min(200, positive.size // 60)),
            "feature_fraction": 0.5,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "lambda_l2": 20.0,
            "cat_smooth": 20.0,
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbosity": -1,
        }
        data = lightgbm.Dataset(rows, positive, feature_name=names, categorical_feature=coded, free_raw_data=True)
        if check is None:
            return cls(lightgbm.train(options, data, rounds))
        held = data.create_valid(check[0], check[1])
        stop = lightgbm.early_stopping(PATIENCE, verbose=False)
        return cls(lightgbm.train(options, data, rounds, valid_sets=[held], callbacks=[stop]))

    @classmethod
    def from_text(cls, text: str) -> Trees:
        """What `text` gave."""
        import lightgbm

        return cls(lightgbm.Booster(model_str=text))

    def text(self) -> str:
        """LightGBM's own text, without the training options of this machine."""
        return str(self._booster.model_to_string(num_iteration=self._booster.best_iteration or -1))

    def scores(self, rows: F32) -> F64:
        """Log-odds of each row."""
        return np.asarray(self._booster.predict(rows, raw_score=True, num_threads=1), dtype=np.float64)

    def contributions(self, rows: F32) -> F64:
        """How each feature moves the log-odds of each row from the average: (rows, features); Shapley values of trees
        (Lundberg, Erion, Lee 2018), which add up to the score less the average."""
        return np.asarray(self._booster.predict(rows, pred_contrib=True, num_threads=1), dtype=np.float64)[:, :-1]

    def gains(self) -> F64:
        """Each feature's share of the whole gain."""
        found = np.asarray(self._booster.feature_importance("gain"), dtype=np.float64)
        return found / max(float(found.sum()), 1e-12)
