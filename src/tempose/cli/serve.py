"""`tempose serve`: the studio."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tempose.cli.shell import MODEL, Shell, command

if TYPE_CHECKING:
    from tempose.web.limits import Limits


@command("serve", group="Animate", settings="tempose.web.limits:Limits")
def serve(
    shell: Shell,
    settings: Limits,
    host: Annotated[str, typer.Option(help="Where to listen; 0.0.0.0 is every network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="PORT", min=1, max=65535, help="On which port.")] = 7860,
    model: Annotated[str, typer.Option(metavar="MODEL", help=MODEL)] = "people-128",
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda|mps", help="Where to compute.")] = "auto",
    auth_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A file with NAME:PASSWORD that every visitor must give; or the variable TEMPOSE_AUTH.",
        ),
    ] = None,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A further name of this server, such as a proxy's; may be repeated."),
    ] = None,
    root_path: Annotated[str, typer.Option(help="The path under which a reverse proxy shows the page.")] = "",
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="A reverse proxy that says which client asks, or a network of them; may be repeated.",
        ),
    ] = None,
    log_names: Annotated[
        bool, typer.Option("--log-names", help="Also log what visitors were told, which may name their files.")
    ] = False,
    share: Annotated[bool, typer.Option("--share", help="Also open a public link through Gradio's servers.")] = False,
    mcp: Annotated[bool, typer.Option("--mcp", help="Also answer assistants (Model Context Protocol).")] = False,
) -> None:
    """Open the studio: the same job in a web page, offline, with an HTTP interface.

    Ctrl-C or SIGTERM finishes the jobs that run and takes no new ones; a second one stops them.

    Examples:

    [bold]tempose serve[/bold]: for this machine alone, at http://127.0.0.1:7860

    [bold]tempose serve --host 0.0.0.0 --auth-file users --max-frames 240[/bold]: for the network, behind a password
    """
    from tempose.diffusion.hub import find_device
    from tempose.web.account import open_account
    from tempose.web.proxies import trust
    from tempose.web.serve import read_password, serve

    trust(trusted_proxy or ())
    open_account(names=log_names)
    serve(
        host=host,
        port=port,
        model=model,
        device=find_device(device),
        limits=settings,
        auth=read_password(auth_file),
        allowed_hosts=allowed_host or (),
        root_path=root_path,
        share=share,
        mcp=mcp,
    )
