"""`tempose serve`: the studio."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tempose.cli.shell import MODEL, Shell, command


@command("serve", group="Animate")
def serve(
    shell: Shell,
    host: Annotated[str, typer.Option(help="Where to listen; 0.0.0.0 is every network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="PORT", min=1, max=65535, help="On which port.")] = 7860,
    model: Annotated[str, typer.Option(metavar="MODEL", help=MODEL)] = "people-128",
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda|mps", help="Where to compute.")] = "auto",
    max_frames: Annotated[int, typer.Option(help="Frames of a result at most.")] = 600,
    max_seconds: Annotated[float, typer.Option(metavar="SECONDS", help="Length of an uploaded video at most.")] = 120.0,
    max_upload_mb: Annotated[int, typer.Option(help="Megabytes of an uploaded file at most.")] = 64,
    max_pixels: Annotated[int, typer.Option(help="Pixels of an uploaded picture or frame at most.")] = 40_000_000,
    max_steps: Annotated[int, typer.Option(help="Denoising steps at most.")] = 50,
    jobs: Annotated[int, typer.Option(help="Jobs that run at once, on one model in memory.")] = 1,
    queue: Annotated[int, typer.Option(help="Jobs that may wait.")] = 8,
    per_client: Annotated[int, typer.Option(help="Jobs of one client, running and waiting.")] = 2,
    job_seconds: Annotated[float, typer.Option(metavar="SECONDS", help="Seconds that a job may run.")] = 900.0,
    keep_minutes: Annotated[
        float, typer.Option(metavar="MINUTES", help="Minutes for which uploads and results are kept.")
    ] = 60.0,
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

    Example: [bold]tempose serve --port 7860[/bold]
    """
    from tempose.diffusion.hub import find_device
    from tempose.web.account import open_account
    from tempose.web.limits import Limits
    from tempose.web.proxies import trust
    from tempose.web.serve import read_password, serve

    trust(trusted_proxy or ())
    open_account(names=log_names)
    limits = Limits(
        upload_mb=max_upload_mb,
        pixels=max_pixels,
        seconds=max_seconds,
        frames=max_frames,
        steps=max_steps,
        at_once=jobs,
        queue=queue,
        per_client=per_client,
        job_seconds=job_seconds,
        kept_minutes=keep_minutes,
    )
    serve(
        host=host,
        port=port,
        model=model,
        device=find_device(device),
        limits=limits,
        auth=read_password(auth_file),
        allowed_hosts=allowed_host or (),
        root_path=root_path,
        share=share,
        mcp=mcp,
    )
