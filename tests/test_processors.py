"""Threads are started for the processors that a container's quota pays for, not for all that the machine has."""

from __future__ import annotations

from pathlib import Path

import pytest

from onepool import processors


def _write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def test_the_smallest_quota_of_the_groups_around_counts(tmp_path: Path) -> None:
    process, groups = tmp_path / "cgroup", tmp_path / "groups"
    assert processors.quota(process, groups) is None
    process.write_text("0::/a/b\n")
    _write(groups / "a" / "b", cpu__max="max 100000\n")
    assert processors.quota(process, groups) is None
    _write(groups / "a", cpu__max="250000 100000\n")
    assert processors.quota(process, groups) == 3
    _write(groups / "a" / "b", cpu__max="50000 100000\n")
    assert processors.quota(process, groups) == 1


def test_a_container_sees_its_own_group_as_the_root(tmp_path: Path) -> None:
    (tmp_path / "cgroup").write_text("0::/\n")
    _write(tmp_path / "groups", cpu__max="400000 100000\n")
    assert processors.quota(tmp_path / "cgroup", tmp_path / "groups") == 4


def test_groups_of_version_1(tmp_path: Path) -> None:
    process, groups = tmp_path / "cgroup", tmp_path / "groups"
    process.write_text("3:cpuset:/else\n2:cpu,cpuacct:/docker/x\n")
    folder = groups / "cpu,cpuacct"
    _write(folder, cpu__cfs_quota_us="-1\n", cpu__cfs_period_us="100000\n")
    assert processors.quota(process, groups) is None
    _write(folder / "docker" / "x", cpu__cfs_quota_us="150000\n", cpu__cfs_period_us="100000\n")
    assert processors.quota(process, groups) == 2


def test_never_more_than_it_may_run_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors.os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    for paid, there in ((None, 3), (2, 2), (64, 3)):
        monkeypatch.setattr(processors, "_quota", lambda paid=paid: paid)
        assert processors.processors() == there
