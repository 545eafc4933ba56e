"""Every setting, read once from the environment (``PARTS3D_…``) or an ``.env`` file.

The same code runs embedded (all defaults) and in production (other settings only).
``docs/settings.md`` lists them; a house test holds that page against this file.
"""

import secrets
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The settings of one process. Frozen: nothing changes while it runs."""

    model_config = SettingsConfigDict(
        env_prefix="PARTS3D_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    data_dir: Annotated[
        Path, Field(description="Folder of the embedded database, files, keys and sockets.")
    ] = Path("data")
    database_url: Annotated[
        str | None,
        Field(description="SQLAlchemy address; empty means SQLite in WAL mode in the data folder."),
    ] = None
    redis_url: Annotated[
        str | None,
        Field(description="Redis for broker and bell; empty means a private child process."),
    ] = None
    broker: Annotated[
        Literal["auto", "path", "wheel", "filesystem"],
        Field(
            description=(
                "Where the private broker comes from: redis-server on PATH, the one of the "
                "wheel, or the filesystem transport without Redis; auto takes the first it finds."
            )
        ),
    ] = "auto"
    secret_key: Annotated[
        str | None,
        Field(description="Signs cookies, links and codes; empty means a key file in the folder."),
    ] = None
    public_url: Annotated[
        str, Field(description="Address customers see; links in mails begin with it.")
    ] = "http://127.0.0.1:8000"
    demo: Annotated[
        bool, Field(description="Demo mode: login by link, mailbox page; loopback only.")
    ] = False
    demo_speed: Annotated[
        float, Field(gt=0, description="How many times faster virtual printers print.")
    ] = 60.0
    slicer: Annotated[
        Literal["auto", "cura", "prusaslicer"],
        Field(description="Slicing engine; auto prefers PrusaSlicer where it is found."),
    ] = "auto"
    slicer_path: Annotated[
        str | None, Field(description="PrusaSlicer's program, where it is not on PATH.")
    ] = None
    sliced_models: Annotated[
        str,
        Field(
            description=(
                "Printer models that the catalogue is sliced for, as mk3s,mini; empty: all known. "
                "Those that stand at points come first."
            )
        ),
    ] = ""
    smtp_url: Annotated[
        str | None,
        Field(description="smtp:// or smtps:// address with user and password; empty: no sending."),
    ] = None
    mail_from: Annotated[str, Field(description="Sender of all mails.")] = (
        "Parts 3D <orders@parts3d.example>"
    )
    network_name: Annotated[
        str, Field(description="Name of the network, on pages and receipts.")
    ] = "Parts 3D"
    seller_name: Annotated[str, Field(description="Seller of record, on receipts.")] = (
        "Parts 3D Network (demo)"
    )
    seller_vat_number: Annotated[str, Field(description="VAT number of the seller.")] = (
        "BE 0000.000.000"
    )
    seller_address: Annotated[
        str, Field(description="Postal address of the seller, in one line, on quotes.")
    ] = "Rue Inventée 1, 4500 Huy (demo)"
    seller_email: Annotated[str, Field(description="Where the seller answers, on quotes.")] = (
        "hello@parts3d.example"
    )
    vat_percent: Annotated[int, Field(ge=0, le=30, description="VAT in percent.")] = 21
    quote_minutes: Annotated[int, Field(ge=1, description="How long a price is frozen.")] = 30
    saved_quote_days: Annotated[
        int, Field(ge=1, le=365, description="How long the price of a saved quote is frozen.")
    ] = 14
    hold_minutes: Annotated[
        int, Field(ge=1, description="How long capacity is held from opening checkout.")
    ] = 15
    promise_quantile: Annotated[
        float, Field(gt=0.5, lt=1, description="Share of promises that must be kept.")
    ] = 0.99
    consent_minutes: Annotated[
        int,
        Field(ge=1, description="How long a customer may think about another point; then: stay."),
    ] = 30
    apology_percent: Annotated[
        int,
        Field(
            ge=0, le=100, description="Voucher for a missed promise, in percent of the handling."
        ),
    ] = 100
    apology_least_cents: Annotated[
        int, Field(ge=0, description="What that voucher is worth at least; 0 and 0: none is given.")
    ] = 200
    apology_days: Annotated[int, Field(ge=1, description="How long that voucher is valid.")] = 180
    grace_minutes: Annotated[
        int, Field(ge=0, description="A promise is missed when it is so many minutes late.")
    ] = 0
    decision_days: Annotated[
        int,
        Field(
            ge=1, description="How long what a promise was computed from is kept to be replayed."
        ),
    ] = 90
    holds_per_device: Annotated[
        int,
        Field(ge=1, description="Open checkouts that hold capacity, per customer's device."),
    ] = 2
    holds_per_address: Annotated[
        int,
        Field(
            ge=1,
            description="Checkouts opened by the API that hold capacity, per network address. A "
            "proxy in front has to stand in FORWARDED_ALLOW_IPS, or all callers share its own.",
        ),
    ] = 5
    choice_minutes_per_km: Annotated[
        float,
        Field(
            ge=0,
            le=600,
            description="Order of the points: so many minutes later is as good as a km nearer.",
        ),
    ] = 6.0
    choice_minutes_per_euro: Annotated[
        float,
        Field(
            ge=0,
            le=600,
            description="Order of the points: so many minutes later is as good as a euro cheaper.",
        ),
    ] = 6.0
    choice_minutes_per_miss: Annotated[
        float,
        Field(
            ge=0,
            le=600,
            description=(
                "Order of the points: so many minutes later is as good as one promise in a hundred "
                "more that is kept there."
            ),
        ),
    ] = 10.0
    choice_minutes_if_scarce: Annotated[
        float,
        Field(
            ge=0,
            le=1500,
            description=(
                "Order of the points: so many minutes later at a point with room is as good as a "
                "place at one that is full."
            ),
        ),
    ] = 60.0
    max_quantity: Annotated[int, Field(ge=1, description="Most copies of a part in an order.")] = 10
    max_unpaid_orders: Annotated[
        int, Field(ge=1, description="Most open orders to be paid at the counter, per contact.")
    ] = 3
    max_upload_bytes: Annotated[
        int, Field(ge=1024, description="Largest model file a maintainer may upload.")
    ] = 50_000_000
    lease_seconds: Annotated[
        float, Field(gt=0, description="How long an agent holds a job before it renews.")
    ] = 60.0
    silence_seconds: Annotated[
        float, Field(gt=0, description="Silence after a permit that makes a job unknown.")
    ] = 300.0
    command_seconds: Annotated[
        float, Field(gt=0, description="How long a command waits for its agent; then it is over.")
    ] = 60.0
    least_agent_version: Annotated[
        str, Field(description="Older agents get no new work, as 0.2.0; empty: all do.")
    ] = ""
    spools_required: Annotated[
        bool, Field(description="A printer gets work only with a spool of the point's book loaded.")
    ] = False
    picture_days: Annotated[
        float, Field(gt=0, description="How long pictures of printers' cameras are kept.")
    ] = 14.0
    sweep_seconds: Annotated[
        float, Field(gt=0, description="How often row states are read again and bells rung.")
    ] = 10.0
    slicing_threads: Annotated[
        int, Field(ge=1, description="Slices that one worker makes side by side.")
    ] = 1

    @property
    def database(self) -> str:
        """Address of the database in use."""
        return self.database_url or f"sqlite:///{self.data_dir / 'parts3d.sqlite3'}"

    @property
    def files_dir(self) -> Path:
        """Folder of the file store."""
        return self.data_dir / "files"

    def models_to_slice(self) -> tuple[str, ...]:
        """Return the printer models named in ``sliced_models``; none means all known."""
        return tuple(name.strip() for name in self.sliced_models.split(",") if name.strip())

    def secret(self) -> bytes:
        """Return the signing secret; makes the key file on first use (mode 0600)."""
        if self.secret_key:
            return self.secret_key.encode()
        path = self.data_dir / "secret.key"
        if not path.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(f".{secrets.token_hex(4)}")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_hex(32))
            try:
                # A hard link fails if another process was first: one key wins, never two.
                path.hardlink_to(fresh)
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return path.read_text().strip().encode()
