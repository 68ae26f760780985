"""What the repository promises of itself: generated pages are true, no registry address, links that lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import yaml

from onepool.audience.definitions import parse_segment

ROOT = Path(__file__).parent.parent


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines()]


def test_reference_pages_are_what_the_code_makes() -> None:
    ran = subprocess.run([sys.executable, "script/reference.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_locks_carry_hashes_and_no_address() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()
        assert "--hash=sha256:" in text
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text), lock
    for lock in tracked():
        if lock.name == "package-lock.json":
            assert '"resolved"' not in lock.read_text(), lock


def test_links_between_pages_lead_somewhere() -> None:
    broken = []
    for page in tracked():
        if page.suffix == ".md" and page.exists():
            for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
                if "://" not in target and not (page.parent / target).exists():
                    broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_segments_in_the_pages_are_well_written() -> None:
    checked = 0
    for page in tracked():
        if page.suffix == ".md" and page.exists():
            for block in re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
                if block.startswith("segment:"):
                    parse_segment(yaml.safe_load(block))
                    checked += 1
    assert checked >= 3
