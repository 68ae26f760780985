"""Commands are loaded one at a time, so what is loaded has to be what the table says."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from onepool.cli.app import COMMANDS, app, load


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_command_is_where_the_table_says(name):
    assert load(name).name == name


def test_no_command_of_a_module_is_left_out():
    group = typer.main.get_command(app)
    for module in {module for module, what in COMMANDS.values() if what == "register"}:
        holder = typer.Typer()
        __import__(f"onepool.cli.{module}")
        sys.modules[f"onepool.cli.{module}"].register(holder)
        holder.callback()(lambda: None)
        assert set(typer.main.get_group(holder).commands) <= set(group.commands)


def test_help_names_them_all_and_a_slip_is_pointed_out():
    shown = CliRunner().invoke(app, ["--help"]).output
    assert all(name in shown for name in COMMANDS)
    slip = CliRunner().invoke(app, ["segmnt"])
    assert slip.exit_code == 2
    assert "segment" in slip.output


def test_a_small_command_does_not_load_the_large_ones():
    code = "import sys; from onepool.cli.app import load; load('user'); print(' '.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"fastapi", "pandas", "scipy.optimize", "onepool.api.app"} & {*loaded}
