"""The project's own parts, drawn in code: one file per part, each with ``build()``."""
