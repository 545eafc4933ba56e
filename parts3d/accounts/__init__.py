"""Who you are: staff, maintainers, operators, and agents with their keys."""
