"""Write ``docs/settings.md`` from the settings themselves.

Usage: ``python tools/document_settings.py``
"""

from pathlib import Path

from parts3d.settings import Settings

_HEAD = """# Settings

Read once, from the environment or an `.env` file in the working folder. Embedded, all have a
default; in production `PARTS3D_DATABASE_URL`, `PARTS3D_REDIS_URL`, `PARTS3D_SECRET_KEY`,
`PARTS3D_PUBLIC_URL` and `PARTS3D_SMTP_URL` are what usually changes. Written by
`python tools/document_settings.py`.

| setting | default | what it is |
|---|---|---|
"""


def main() -> None:
    """Write the page."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        rows.append(f"| `PARTS3D_{name.upper()}` | {default} | {field.description} |")
    Path("docs/settings.md").write_text(_HEAD + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
