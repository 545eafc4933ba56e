"""``parts3d serve``."""

from typing import Annotated

import typer

_DEFAULT_PORT = 8000


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = _DEFAULT_PORT,
    next_port: Annotated[  # noqa: FBT002  # typer's way
        bool, typer.Option("--next-port", help="Where the port is taken, take the next free one.")
    ] = False,
) -> None:
    """Serve the web pages and the printer agents; brings the database up to date first.

    Without PARTS3D_REDIS_URL it runs the data folder's private broker too, where
    `parts3d worker` meets it.
    """
    import uvicorn

    from parts3d.db import Database
    from parts3d.embedded.broker import answers, choose_broker, redis_child
    from parts3d.embedded.children import free_port
    from parts3d.embedded.supervisor import Supervisor
    from parts3d.errors import Conflict
    from parts3d.logs import write_logs
    from parts3d.migrate import upgrade
    from parts3d.settings import Settings

    write_logs()
    settings = Settings()
    found = free_port(port, host=host)
    if found != port and not next_port:
        raise Conflict(
            f"Port {port} is taken. Stop what listens there, choose another with --port, or let "
            "--next-port take the next free one."
        )
    if found != port:
        typer.echo(f"Port {port} is taken; serving on {found}.")
    broker = choose_broker(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    upgrade(database)
    database.close()
    with Supervisor(settings.data_dir / "logs") as supervisor:
        if broker.program is not None and broker.redis_url is not None:
            if answers(broker.redis_url):
                raise Conflict(
                    f"A network already runs in {settings.data_dir}. Stop it, or choose another "
                    "folder with PARTS3D_DATA_DIR."
                )
            supervisor.start(redis_child(broker))
            supervisor.wait_ready()
        typer.echo(f"Serving on http://{host}:{found}")
        uvicorn.run(
            "parts3d.app:served_app",
            factory=True,
            host=host,
            port=found,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
