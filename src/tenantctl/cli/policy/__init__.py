"""`tenantctl policy`: Cedar policies from the configuration to the policy engine."""

from __future__ import annotations

import typer

from tenantctl.cli.policy.diff import diff_command
from tenantctl.cli.policy.history import history_command
from tenantctl.cli.policy.lint import lint_command
from tenantctl.cli.policy.push import push_command
from tenantctl.cli.policy.render import render_command
from tenantctl.cli.policy.rollback import rollback_command
from tenantctl.cli.policy.status import status_command
from tenantctl.cli.policy.test import decide_cases

app = typer.Typer(
    name="policy", help="Render, push and compare the tiers' Cedar policies.", no_args_is_help=True
)
app.command("render")(render_command)
app.command("lint")(lint_command)
app.command("test")(decide_cases)
app.command("diff")(diff_command)
app.command("push")(push_command)
app.command("status")(status_command)
app.command("history")(history_command)
app.command("rollback")(rollback_command)
