"""What CuraEngine's settings are. Pure."""

Value = float | int | bool | str
Settings = dict[str, Value]
