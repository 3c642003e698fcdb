"""The command that lets a shell complete commands, options and names of feeds."""

import click
from click.shell_completion import get_completion_class

_PROGRAM = "zoho-bridge"
_VARIABLE = "_ZOHO_BRIDGE_COMPLETE"  # what click looks for when the shell asks


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script for completion in a shell.

    It completes commands, options and the names of feeds.

    \b
    Examples:
      zoho-bridge completion bash > ~/.local/share/bash-completion/completions/zoho-bridge
      zoho-bridge completion zsh > "${fpath[1]}/_zoho-bridge"
      zoho-bridge completion fish > ~/.config/fish/completions/zoho-bridge.fish
    """  # noqa: D301 - \b is click's mark for text it must not wrap
    found = get_completion_class(shell)
    assert found is not None, "click completes all three"
    click.echo(found(context.find_root().command, {}, _PROGRAM, _VARIABLE).source())
