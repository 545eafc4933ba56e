"""What a printer does when its futures begin, as the compiled loop numbers it. Pure."""

IDLE = 0
PRINTING = 1
TO_CLEAR = 2  # its bed waits for a person
DOWN = 3  # out of order
