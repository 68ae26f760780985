"""A million Tmall orders: the shop's export (CSV, Chinese headers, GB18030, masked phones) mapped and imported.

    script/bench tmall_import [--orders 1000000] [--keep DIR]

Measured is the command `onepool import orders FILE --map MAP` as a whole: start, reading, log, identities, pool; and
in a second process its phases one after the other: reading and mapping into the log, from the log to the data
standard's events (both together are the mapping, from CSV to standard events, which the aim is about), then the tick,
which makes those events again and writes identities and pool. Beside it in the same run: DuckDB alone, reading the
same CSV (turned into UTF-8 first, which DuckDB needs, inside its time) into a table with typed amounts and times; no
log, no identities, no standard. The file is generated and says so.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
AIM_SECONDS = 60
MAPPING = ("read, map, log", "standard events")

HEADERS = (
    *("订单编号", "买家会员名", "买家支付宝账号", "支付单号", "买家应付货款", "买家应付邮费", "买家支付积分", "总金额"),
    *(
        "返点积分",
        "买家实际支付金额",
        "买家实际支付积分",
        "订单状态",
        "买家留言",
        "收货人姓名",
        "收货地址 ",
        "运送方式",
    ),
    *("联系电话 ", "联系手机", "订单创建时间", "订单付款时间 ", "宝贝标题 ", "宝贝种类 ", "物流单号 ", "物流公司"),
    *("订单备注", "宝贝总数量", "店铺Id", "店铺名称", "订单关闭原因", "发票抬头", "是否手机订单", "退款金额"),
    "确认收货时间",
)
"""The columns of the export as Tmall writes them, blanks behind some names included."""

MAP = """\
kind: orders
time_zone: Asia/Shanghai
currency: CNY
missing: ["", "null", "--"]
others: ignore
columns:
  订单编号: order_id
  买家会员名: user_id@taobao
  总金额: amount
  买家应付邮费: freight
  订单状态: status
  收货人姓名: receiver_name
  "收货地址": address
  联系手机: receiver_phone
  订单创建时间: placed_at
  "订单付款时间": paid_at
  "宝贝标题": item.name
  宝贝总数量: quantity
  "物流单号": tracking_no
  "物流公司": carrier
  店铺名称: store_name
  退款金额: refund_amount
  确认收货时间: completed_at
"""

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国文辉玲"
_PLACES = (
    "浙江省 杭州市 余杭区",
    "上海 上海市 浦东新区",
    "广东省 深圳市 南山区",
    "江苏省 苏州市 工业园区",
    "四川省 成都市 武侯区",
)
_GOODS = (
    "婴儿纸尿裤 L码 超薄透气",
    "儿童牙膏 水果味 60g",
    "保湿面霜 50g 补水",
    "洗发水 500ml 控油",
    "婴儿湿巾 80抽*5包",
    "防晒霜 SPF50+",
)


def lines(orders: int, seed: int) -> Iterator[str]:
    """The rows of an export, one order each, newest first as Tmall writes them."""
    rng = random.Random(seed)
    buyers = max(1, orders * 2 // 5)
    at = datetime(2026, 10, 31, 23, 59, 59)
    number = 2_400_000_000_000_000_000 + orders * 977
    step = timedelta(days=180) / orders
    for _ in range(orders):
        at -= step
        number -= rng.randrange(1, 977)
        who = rng.randrange(buyers)
        goods = rng.randrange(len(_GOODS))
        count = 1 + (rng.random() < 0.2)
        price, freight = rng.randrange(990, 49_900), rng.choice((0, 0, 0, 800))
        total = price * count + freight
        kind = rng.random()
        status = "交易成功" if kind < 0.86 else "卖家已发货，等待买家确认" if kind < 0.93 else "交易关闭"
        paid = f"{at + timedelta(seconds=rng.randrange(5, 900)):%Y-%m-%d %H:%M:%S}" if kind < 0.97 else ""
        done = f"{at + timedelta(days=rng.randrange(3, 12)):%Y-%m-%d %H:%M:%S}" if kind < 0.86 else ""
        refund = total / 100 if kind >= 0.93 and paid else 0
        name = _SURNAMES[who % 20] + "**"
        phone = f"1{3 + who % 7}{who % 10}****{who * 7919 % 10000:04d}"
        yield (
            f'="{number}",tb{_GIVEN[who % 30]}{who:07d},***,{who * 31 % 10**9:09d}2026,{price * count / 100:.2f},'
            f"{freight / 100:.2f},0,{total / 100:.2f},0,{total / 100 if paid else 0:.2f},0,{status},"
            f'{"请尽快发货" if kind < 0.05 else "null"},{name},"{_PLACES[who % 5]} ****街道 ****",快递,,\'{phone},'
            f"{at:%Y-%m-%d %H:%M:%S},{paid},{_GOODS[goods]},1,{'YT' + str(number)[-13:] if kind < 0.93 else ''},"
            f"{'圆通速递' if kind < 0.93 else ''},,{count},0,示例旗舰店,"
            f"{'买家不想要了' if kind >= 0.93 else '订单未关闭'},,手机订单,{refund:.2f},{done}\n"
        )


def write(path: Path, orders: int, seed: int = 7) -> None:
    """The export as a file in GB18030, as Tmall gives it."""
    with path.open("w", encoding="gb18030", newline="") as file:
        file.write(",".join(HEADERS) + "\n")
        file.writelines(lines(orders, seed))


def onepool(folder: Path, file: Path, mapping: Path) -> dict[str, object]:
    """The command itself, as somebody types it, into a fresh workspace."""
    command = [str(Path(sys.executable).parent / "onepool")]
    subprocess.run([*command, "init", str(folder)], check=True, capture_output=True, input=b"")
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run(
        [*command, "import", "orders", str(file), "--map", str(mapping), "--json", "--workspace", str(folder)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    outcome = json.loads(ran.stdout)
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2),
        "memory_mb": round(after.ru_maxrss / 1024),
        "accepted": outcome["accepted"],
        "quarantined": outcome["quarantined"],
        "by_rule": {rule: one["count"] for rule, one in outcome["by_rule"].items()},
        "log_mb": round((folder / "data" / "log.sqlite").stat().st_size / 1e6),
    }


def phases(folder: Path, file: Path, mapping: Path) -> dict[str, object]:
    """What each part of the import takes, in this process: seconds by the clock and of processors."""
    from onepool.collect.files import import_files, load_mapping
    from onepool.imports import RECORDS_AT_ONCE, apply_log, find_touchpoint, scratch_folder
    from onepool.standards import standardise
    from onepool.workspace import init_workspace

    found: dict[str, dict[str, float]] = {}

    @contextmanager
    def phase(name: str) -> Iterator[None]:
        began, used = time.perf_counter(), time.process_time()
        yield
        found[name] = {
            "seconds": round(time.perf_counter() - began, 2),
            "cpu_seconds": round(time.process_time() - used, 2),
        }

    workspace = init_workspace(folder)
    point, mapped = find_touchpoint(workspace, None, author="bench"), load_mapping(mapping)
    with phase("read, map, log"):
        scratch = scratch_folder(workspace)
        report = import_files(
            "orders", [file], workspace.log, point, mapped, workspace.standard(), workspace.clock, scratch=scratch
        )
    standard, settings, made = workspace.standard(), workspace.standard_settings, 0
    with phase("standard events"):
        for first in range(0, len(report.offsets), RECORDS_AT_ONCE):
            records = workspace.log.get(report.offsets[first : first + RECORDS_AT_ONCE])
            made += standardise(records, standard, settings, {point.name: point}).events.num_rows
    with phase("tick: standard events, identities, pool"):
        apply_log(workspace, report.offsets)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"phases": found, "events": made, "memory_mb": memory}


def duckdb_alone(folder: Path, file: Path) -> dict[str, object]:
    """The same CSV into a DuckDB table, typed."""
    import duckdb

    began, before = time.perf_counter(), time.process_time()
    plain = folder / "utf8.csv"
    with file.open(encoding="gb18030", newline="") as source, plain.open("w", encoding="utf-8", newline="") as out:
        while text := source.read(1 << 20):
            out.write(text)
    connection = duckdb.connect(str(folder / "alone.duckdb"), config={"threads": 2})
    connection.execute(
        """CREATE TABLE orders AS SELECT * REPLACE (CAST("总金额" AS DECIMAL(18, 4)) AS "总金额",
            TRY_CAST("订单创建时间" AS TIMESTAMP) AS "订单创建时间") FROM read_csv($1, all_varchar = true)""",
        [str(plain)],
    )
    rows = connection.execute("SELECT count(*) FROM orders").fetchall()[0][0]
    connection.close()
    return {
        "seconds": round(time.perf_counter() - began, 2),
        "cpu_seconds": round(time.process_time() - before, 2),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "rows": rows,
    }


def beside(part: str, *paths: Path) -> dict[str, Any]:
    """A part of this program in a process of its own."""
    ran = subprocess.run([sys.executable, __file__, part, *map(str, paths)], check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def main() -> int:
    """Measure, write, print; exit status 1 when the aim for mapping a million is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--orders", type=int, default=1_000_000)
    options.add_argument("--keep", type=Path, help="leave file and workspace in this folder")
    options.add_argument("--alone", nargs=2, type=Path, help=argparse.SUPPRESS)
    options.add_argument("--phases", nargs=3, type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.alone:
        print(json.dumps(duckdb_alone(*chosen.alone)))
        return 0
    if chosen.phases:
        print(json.dumps(phases(*chosen.phases)))
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = chosen.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        file, mapping = folder / "orders.csv", folder / "map.yaml"
        write(file, chosen.orders)
        mapping.write_text(MAP, encoding="utf-8")
        whole = onepool(folder / "workspace", file, mapping)
        parts = beside("--phases", folder / "phases", file, mapping)
        alone = beside("--alone", folder, file)
        size = file.stat().st_size
    rate = chosen.orders / float(str(whole["seconds"]))
    mapped = {
        measure: round(sum(parts["phases"][name][measure] for name in MAPPING), 2)
        for measure in ("seconds", "cpu_seconds")
    }
    result = {
        "orders": chosen.orders, "file_mb": round(size / 1e6), "onepool": whole, "orders_per_second": round(rate),
        "mapping": mapped, **parts, "duckdb_alone": alone, "aim_seconds": AIM_SECONDS,
    }  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "tmall_import.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    print(f"{chosen.orders:,} orders, {size / 1e6:.0f} MB; {rate:,.0f} orders/s")
    print(f"{'':40}{'seconds':>9}{'CPU s':>8}{'MB':>8}")
    for name, found in (("onepool import, start to pool", whole), ("DuckDB alone, typed table", alone)):
        print(f"{name:40}{found['seconds']:>9}{found['cpu_seconds']:>8}{found['memory_mb']:>8}")
    for name, spent in ((" + ".join(MAPPING), mapped), *parts["phases"].items()):
        print(f"{name[:40]:40}{spent['seconds']:>9}{spent['cpu_seconds']:>8}")
    print(f"accepted {whole['accepted']:,} events, quarantined {whole['quarantined']:,} {whole['by_rule']}")
    return 0 if mapped["seconds"] * 1_000_000 / chosen.orders < AIM_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
