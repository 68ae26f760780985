"""The commands of OneID: `onepool identity`."""

from __future__ import annotations

import typer

from onepool.cli.identity import evaluation, explain, fitting, models, overview, previews, review, rulings

commands = typer.Typer(help="OneID: who is one customer, why, and what people ruled.", no_args_is_help=True)
commands.command("explain")(explain.explain)
commands.command("merge")(rulings.merge)
commands.command("never")(rulings.never)
commands.command("split")(rulings.split)
commands.command("block")(rulings.block)
commands.command("undo")(rulings.undo)
commands.command("decisions")(rulings.list_decisions)
commands.command("overview")(overview.overview)
commands.command("rules")(overview.rules)
commands.command("conflicts")(review.conflicts)
commands.add_typer(review.commands, name="review")
commands.command("evaluate")(evaluation.evaluate)
commands.command("fit")(fitting.fit)
commands.command("match")(previews.match)
commands.add_typer(previews.commands, name="preview")
commands.add_typer(models.commands, name="model")
