"""``zoho-bridge completion``: the script for completion in a shell."""

import click
from click.shell_completion import get_completion_class

_PROGRAM = "zoho-bridge"
_VARIABLE = "_ZOHO_BRIDGE_COMPLETE"  # click's name of the variable with which the shell asks


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
    script = get_completion_class(shell)
    assert script is not None, "click completes all three"
    click.echo(script(context.find_root().command, {}, _PROGRAM, _VARIABLE).source())
