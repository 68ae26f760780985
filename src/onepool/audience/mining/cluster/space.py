"""Where customers stand: features by their logs, standardised; and the groups in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from onepool.audience.mining.features import Column, FeaturePlan

F32: TypeAlias = npt.NDArray[np.float32]
F64: TypeAlias = npt.NDArray[np.float64]
I64: TypeAlias = npt.NDArray[np.int64]

FAR = 4.0
SAME = 0.98
FITTED = 40_000
JUDGED = 3_000


@dataclass(frozen=True)
class Space:
    """`plan`: the features kept; `middle`, `spread`: of their logs; `centres`: shape (groups, features)."""

    plan: FeaturePlan
    middle: F64
    spread: F64
    centres: F64

    def places(self, rows: F32) -> F64:
        """Standardised coordinates; no single feature pulls further than four deviations."""
        return np.clip((_logs(self.plan, rows) - self.middle) / self.spread, -FAR, FAR)

    def nearest(self, rows: F32) -> I64:
        """The group of each row."""
        place = self.places(rows)
        distance = (self.centres**2).sum(axis=1) - 2 * place @ self.centres.T
        return np.asarray(distance.argmin(axis=1), dtype=np.int64)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """For keeping, see `from_arrays`."""
        return {
            "plan": np.array(self.plan.text()),
            "middle": self.middle,
            "spread": self.spread,
            "centres": self.centres,
        }

    @classmethod
    def from_arrays(cls, kept: dict[str, npt.NDArray[Any]]) -> Space:
        """What `arrays` gave."""
        return cls(FeaturePlan.from_text(str(kept["plan"])), kept["middle"], kept["spread"], kept["centres"])


def wanted(column: Column, window: int) -> bool:
    """Behaviour within the window, once: counts, amounts, channels, categories, activity and recency."""
    if column.kind in ("times", "amount", "active"):
        return column.window == window
    return column.kind in ("channel", "category") or (column.kind == "since" and not column.of)


def grouped(plan: FeaturePlan, rows: F32, least: int, most: int, seed: int) -> tuple[Space, dict[str, float]]:
    """The number of groups whose silhouette is best, by k-means; (space, metrics).

    Fitted to a sample where there are many customers; equal rows and seed give equal groups.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    chance = np.random.default_rng(seed)
    some = rows if len(rows) <= FITTED else rows[np.sort(chance.choice(len(rows), FITTED, replace=False))]
    logs = _logs(plan, some)
    kept = _telling(logs)
    plan = plan.taken([plan.columns[place] for place in kept.tolist()])
    logs = logs[:, kept]
    middle, spread = logs.mean(axis=0), logs.std(axis=0)
    place = np.clip((logs - middle) / spread, -FAR, FAR)
    judged = np.sort(chance.choice(len(place), min(JUDGED, len(place)), replace=False))
    metrics: dict[str, float] = {}
    best: tuple[float, F64] | None = None
    for count in range(least, most + 1):
        found = KMeans(count, n_init=4, random_state=seed).fit(place)
        labels = found.labels_[judged]
        score = float(silhouette_score(place[judged], labels)) if np.unique(labels).size > 1 else -1.0
        metrics[f"silhouette_{count}"] = score
        if best is None or score > best[0]:
            best = (score, np.asarray(found.cluster_centers_, dtype=np.float64))
    assert best is not None
    metrics["silhouette"] = best[0]
    return Space(plan, middle, spread, best[1]), metrics


def explained(space: Space, rows: F32, group: I64) -> F64:
    """Each feature's share of what the groups explain of the variance."""
    place = space.places(rows)
    counts = np.bincount(group, minlength=len(space.centres)).astype(np.float64)
    between: F64 = (counts[:, None] * (space.centres - place.mean(axis=0)) ** 2).sum(axis=0)
    return between / max(float(between.sum()), 1e-12)


def _logs(plan: FeaturePlan, rows: F32) -> F64:
    found = rows.astype(np.float64)
    # Who has never done anything in the window is as far back as the window reaches.
    found = np.where(np.isnan(found), [plan.history if column.kind == "since" else 0 for column in plan.columns], found)
    return np.log1p(np.maximum(found, 0.0))


def _telling(logs: F64) -> I64:
    """Features that vary and are not all but copies of one before them."""
    kept: list[int] = []
    spread = logs.std(axis=0)
    standard = (logs - logs.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    for place in range(logs.shape[1]):
        if spread[place] < 1e-6:
            continue
        alike = np.abs(standard[:, kept].T @ standard[:, place]) / len(logs) if kept else np.zeros(0)
        if not (alike > SAME).any():
            kept.append(place)
    return np.array(kept, dtype=np.int64)
