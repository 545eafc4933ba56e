"""Partner shops: their hours, printers, places and staff."""
