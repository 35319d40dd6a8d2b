"""What a cleaning costs."""

from decimal import Decimal
from enum import StrEnum

CURRENCY = "USD"


class CleaningType(StrEnum):
    """The kinds of cleaning on offer."""

    STANDARD = "standard"
    DEEP = "deep"
    MOVE_OUT = "move_out"


BASE = {CleaningType.STANDARD: Decimal(80), CleaningType.DEEP: Decimal(140), CleaningType.MOVE_OUT: Decimal(180)}
PER_BED = Decimal(20)
PER_BATH = Decimal("27.50")


def estimate(beds: int, baths: int, cleaning_type: CleaningType) -> Decimal:
    """Price in dollars."""
    return BASE[cleaning_type] + PER_BED * beds + PER_BATH * baths
