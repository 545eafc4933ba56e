"""Safety classes: who may be hurt when a part breaks, and what follows for its sale."""

from enum import StrEnum


class SafetyClass(StrEnum):
    """How much hangs on a part. A revision without a class cannot be sold at all."""

    S0 = "S0"  # cosmetic: nothing happens when it breaks
    S1 = "S1"  # low load
    S2 = "S2"  # warm, outdoor or loaded: approved material only
    S3 = "S3"  # individual approval with a test report
    S4 = "S4"  # never sold: mains insulation, gas, brakes, child restraint, toys, food, medical


SELLABLE_CLASSES = (SafetyClass.S0, SafetyClass.S1, SafetyClass.S2, SafetyClass.S3)
