"""What speaks against a classifier: reasons not to publish it, and warnings."""

from __future__ import annotations

from datetime import datetime

from onepool.audience.mining.card import Notice, counted, notice
from onepool.audience.tags.learned import DAY, ClassifierTag

TOO_GOOD = 0.97
MISCALIBRATED = 1.3
DRIFT = 1.5
TEST_POSITIVES = 20


def no_history(tag: ClassifierTag, usable: int, first: datetime | None) -> list[Notice]:
    """Training, calibration and test each need a cut-off of their own."""
    since = "" if first is None else f"{first:%Y-%m-%d}"
    assert tag.ahead.micros is not None
    days = tag.ahead.micros // DAY
    found = f"可用的训练时点只有 {usable} 个" if usable else "没有可用的训练时点"
    return [
        notice(
            "too-little-history",
            f"{found}，至少需要 3 个，每个间隔 {days} 天" + (f"（数据从 {since} 开始）" if since else ""),
            f"{counted(usable, 'cut-off has', 'cut-offs have')} {tag.ahead} after and enough before; at least 3 must"
            + (f" (the data begin on {since})" if since else ""),
            ("等待更长的历史，或缩短 ahead", "wait for more history, or shorten `ahead`"),
        )
    ]


def few_positives(tag: ClassifierTag, training: int, test: int, negatives: int) -> list[Notice]:
    """Enough of both, to learn from and to judge by."""
    least = tag.minimum.positives
    if training >= least and negatives >= least and test >= TEST_POSITIVES:
        return []
    return [
        notice(
            "few-positives",
            f"训练数据中目标成立 {training:,} 例、不成立 {negatives:,} 例（至少各 {least:,} 例），"
            f"检验时点成立 {test:,} 例（至少 {TEST_POSITIVES} 例）",
            f"the training data have {counted(training, 'example', 'examples')} of the target and"
            f" {counted(negatives, 'example', 'examples')} without it (at least {least:,} of each are wanted), the test"
            f" cut-off has {counted(test, 'example', 'examples')} of it (at least {TEST_POSITIVES})",
            ("放宽目标或 among，增加 cut_offs", "widen the target or `among`, or take more cut_offs"),
        )
    ]


def low_auc(tag: ClassifierTag, auc: float) -> list[Notice]:
    """Whether it tells customers apart at all."""
    if auc >= tag.minimum.auc:
        return []
    return [
        notice(
            "low-auc",
            f"检验 AUC 为 {auc:.3f}，低于要求的 {tag.minimum.auc:g}：不足以区分客户",
            f"the test AUC is {auc:.3f}, below the {tag.minimum.auc:g} wanted: it does not tell customers apart",
            ("增加与目标有关的数据，或换一个目标", "add data that bear on the target, or ask something else"),
        )
    ]


def warnings(auc: float, predicted: float, observed: float, rates: list[float], arrived: float) -> list[Notice]:
    """`predicted` and `observed`: mean at the test; `rates`: base rates of the cut-offs; `arrived`: see samples."""
    found = []
    if auc > TOO_GOOD:
        found.append(
            notice(
                "too-good",
                f"检验 AUC 高达 {auc:.3f}：检查是否有特征本身就说出了目标",
                f"the test AUC is {auc:.3f}: look whether a feature gives the target away",
                ("用 features.without 去掉可疑特征", "leave suspicious ones out with features.without"),
            )
        )
    ratio = predicted / max(observed, 1e-9)
    if not 1 / MISCALIBRATED <= ratio <= MISCALIBRATED:
        found.append(
            notice(
                "miscalibrated",
                f"检验时点平均预测 {predicted:.1%}，实际 {observed:.1%}：概率整体偏{'高' if ratio > 1 else '低'}",
                f"at the test {predicted:.1%} were predicted and {observed:.1%} came: probabilities are too"
                f" {'high' if ratio > 1 else 'low'}",
                ("按排序使用（百分位分层），不要按概率值", "use the order (cut by percent), not the probabilities"),
            )
        )
    if min(rates) > 0 and max(rates) / min(rates) > DRIFT:
        found.append(
            notice(
                "base-rate-moves",
                f"目标发生率在各时点之间从 {min(rates):.1%} 到 {max(rates):.1%}",
                f"how often the target comes true moves between {min(rates):.1%} and {max(rates):.1%} from one cut-off"
                " to another",
            )
        )
    if arrived < 0.98:
        found.append(
            notice(
                "late-events",
                f"时点之前的事件有 {1 - arrived:.1%} 在时点之后才到达；评分时这类事件尚未可见",
                f"{1 - arrived:.1%} of the events before the cut-offs arrived after them; when scoring, such events are"
                " not there yet",
                ("known_by: arrival 只计当时已到达的事件", "known_by: arrival counts only what had arrived"),
            )
        )
    return found
