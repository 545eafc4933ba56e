"""``python -m parts3d.cli`` is the command ``parts3d``."""

from parts3d.cli import main

if __name__ == "__main__":
    main()
