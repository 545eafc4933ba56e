"""The bell's channels: what a tracking page and an agent's long poll listen to."""

from typing import Protocol


class Ringer(Protocol):
    """What rings; the bell, or a fake."""

    def ring(self, channel: str) -> None:
        """Wake whoever waits for the channel."""
        ...


def order_channel(order_id: str) -> str:
    """Return the channel of one order's tracking page."""
    return f"order:{order_id}"


def point_channel(point_id: str) -> str:
    """Return the channel of one point: its agents' claims and its counter."""
    return f"point:{point_id}"


def ring_order(bell: Ringer, order_id: str) -> None:
    """Tell the tracking page that something moved."""
    bell.ring(order_channel(order_id))


def ring_point(bell: Ringer, point_id: str) -> None:
    """Tell the point's agents and its counter that something moved."""
    bell.ring(point_channel(point_id))
