"""The sentences of onepool identity, in the language of the workspace."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path
from string import Formatter

import pytest
from tests.identity.brand import LI_IS, WEI, WEI_IS, make_brand, numbers, run

import onepool.cli.identity
from onepool.cli import sentences
from onepool.workspace import open_workspace

FOLDER = Path(onepool.cli.identity.__file__).parent


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_brand(tmp_path_factory.mktemp("languages") / "brand")


@pytest.fixture(params=["zh-CN", "en"])
def folder(template: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    root = tmp_path / "brand"
    shutil.copytree(template, root)
    settings = root / "onepool.yaml"
    settings.write_text(settings.read_text().replace("language: zh-CN", f"language: {request.param}"))
    return root


def zh(folder: Path) -> bool:
    return "language: zh-CN" in (folder / "onepool.yaml").read_text()


def says(folder: Path, words: tuple[str, ...], chinese: str, english: str) -> None:
    """The one sentence is said, the other is not."""
    text = run(folder, *words)
    wanted, other = (chinese, english) if zh(folder) else (english, chinese)
    assert wanted in text
    assert other not in text


def test_explain(folder: Path) -> None:
    ws = open_workspace(folder)
    number = numbers(ws)[WEI]
    ws.close()
    words = ("explain", WEI_IS, "unionid:uA")
    one = "phone:137****2222{}unionid@wx-open:uA{}" + str(number)
    says(folder, words, one.format(" 与 ", " 是同一位客户："), one.format(" and ", " are one customer: "))
    says(folder, words, "，授权：free", ", consent: free")
    says(folder, ("explain", WEI_IS, LI_IS), "）是两位客户", ") are two")


def test_rulings(folder: Path) -> None:
    words = ("merge", WEI_IS, LI_IS)
    chinese, english = (
        "决定 1：合并，已生效；要撤销：onepool identity undo 1",
        ("decision 1: merge, applied; back again: onepool identity undo 1"),
    )
    says(folder, words, chinese, english)
    says(folder, ("undo", "1"), "决定 2：撤销，已生效\n", "decision 2: undo, applied\n")
    says(folder, ("never", WEI_IS, LI_IS), "决定 3：永不合并，已生效", "decision 3: never, applied")


def test_rules(folder: Path) -> None:
    ws = open_workspace(folder)
    ws.save("touchpoint", "crm", {"channel": "offline", "joining": "consent"}, author="test")
    ws.save("touchpoint", "pos", {"channel": "offline", "joining": "never"}, author="test")
    ws.close()
    for chinese, english in (
        (
            "一位客户最多 500 个子ID；姓名不符：不合并",
            "most identifiers of one customer: 500; names that contradict: veto",
        ),
        ("要姓名也相符才合并账号的手机号和邮箱：手工填写的", "contacts between accounts: typed"),
        (
            "模型：0.995 起合并（不自动），0.7 起人工审核",
            "model: pairs join from 0.995 on (not by themselves), people are asked from 0.7",
        ),
        ("触点 crm：有授权才合并", "touchpoint crm: joining consent"),
        ("触点 pos：不用于合并", "touchpoint pos: joining never"),
    ):
        says(folder, ("rules",), chinese, english)


def test_previews(folder: Path, tmp_path: Path) -> None:
    split = ("preview", "split", LI_IS, "unionid:uB")
    says(folder, split, "合并 0，拆分 1，1 个子ID换了归属", "0 merged, 1 split, 1 identifiers moved")
    rules = tmp_path / "rules.yaml"
    rules.write_text("types: {unionid: {max_per_customer: 0}}\n")
    says(folder, ("preview", "rules", str(rules)), "要让规则生效：onepool apply", "to put them in force: onepool apply")


def test_review(folder: Path) -> None:
    says(folder, ("review", "list", "--limit", "1"), "……还有 1 个：--limit", "… and 1 more: --limit")
    later = ("review", "decide", "candidate:1", "later")
    says(folder, later, "有新证据时提前放回", "or until something new is known")
    resume = ("review", "decide", "candidate:1", "resume")
    says(folder, resume, "candidate:1 已放回队列", "candidate:1 is back in the queue")
    says(folder, resume, "candidate:1 没有被推迟", "candidate:1 was not put off")


def test_evaluate(folder: Path, tmp_path: Path) -> None:
    truth = tmp_path / "truth.csv"
    truth.write_text(
        "record_id,entity_id\n13711112222,p1\nunionid@wx-open:uA,p1\ndevice@app:d-1,p2\nphone:13733334444,p3\nuZ,p3\n"
    )
    words = ("evaluate", "--truth", str(truth))
    for chinese, english in (
        ("5 条记录，属于 3 个真人，归成 3 组", "5 records of 3 persons, in 3 clusters"),
        ("1 条记录没有找到，每条自成一组计算", "1 records were not found: each counts as a cluster of its own"),
        ("成对", "pairwise"),
        ("记录恰好归成一组的真人：0.00%", "persons whose records are exactly one cluster: 0.00%"),
        ("最大的组：3 条；混有他人的最大一组：3 条", "largest cluster: 3; largest with strangers: 3"),
        (
            "合错：2 个真人与他人归成同一位客户（每万人 6666.67），代价 100",
            "over-merged: 2 persons share a customer with a stranger (6666.67 of 10,000), cost 100",
        ),
        (
            "漏合：1 个真人仍是多位客户（每万人 3333.33），代价 1",
            "under-merged: 1 persons are several customers (3333.33 of 10,000), cost 1",
        ),
        ("两者代价合计：101（每万人 336,666.7）", "cost of both: 101 (336,666.7 for 10,000 persons)"),
    ):
        says(folder, words, chinese, english)


def test_fit_speaks_as_the_workspace_does(folder: Path, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    rows = "\n".join(
        f"张{'伟芳娜敏静丽强磊军洋'[n % 10]}{'一二三四五六七八九十'[n // 15]},1380000{n:04}"
        for n in range(150)
        for _ in range(1 + n % 2)
    )
    people.write_text(f"name,phone\n{rows}\n")
    text = run(folder, "fit", str(people))
    chinese = ("225 条记录，编号取自行号；正在学习……", "平均链接的阈值", "225 条记录归成 ", "比较项")
    english = ("225 records, named by their rows; learning …", "average linkage at", "225 records are ", "comparisons")
    for one, other in zip(chinese, english, strict=True):
        wanted, unwanted = (one, other) if zh(folder) else (other, one)
        assert wanted in text
        assert unwanted not in text


def test_fit_speaks_english_where_there_is_no_workspace(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text("name,phone\n" + "".join(f"张三{n},1380000{n % 40:04}\n" for n in range(60)))
    assert "60 records, named by their rows" in run(tmp_path, "fit", str(people))


def worded() -> list[str]:
    """What is put into words in the commands of identity: all texts that stand in them, of which there is a Chinese
    one, and those that are given to `worded` as they are."""
    found = []
    for path in sorted(FOLDER.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "worded":
                found += [one.value for one in node.args if isinstance(one, ast.Constant)]
            elif isinstance(node, ast.Constant) and node.value in sentences.CHINESE:
                found.append(node.value)
    return found


def test_every_sentence_has_its_chinese() -> None:
    found = worded()
    assert len(found) > 30
    assert [text for text in found if text not in sentences.CHINESE] == []


@pytest.mark.parametrize("english", sorted(sentences.CHINESE))
def test_both_languages_have_the_same_figures(english: str) -> None:
    places = [
        sorted((name, spec) for _, name, spec, _ in Formatter().parse(text) if name is not None)
        for text in (english, sentences.CHINESE[english])
    ]
    assert places[0] == places[1]
