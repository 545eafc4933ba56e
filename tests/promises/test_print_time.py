from math import exp

import pytest

from parts3d.errors import Invalid
from parts3d.promises.print_time import PrintTime


def test_the_median_is_the_median_and_a_sure_time_is_sure() -> None:
    assert PrintTime(3600, 0.2).quantile_seconds(0.5) == pytest.approx(3600)
    assert PrintTime(3600, 0).quantile_seconds(0.999) == 3600
    assert PrintTime(3600, 0.1).quantile_seconds(0.975) == pytest.approx(
        3600 * exp(0.196), rel=1e-3
    )


@pytest.mark.parametrize("fault", [(-1, 0.1, 0.1), (60, -0.1, 0.1), (60, 0.1, 0.51), (1e12, 0, 0)])
def test_what_is_no_print_time_is_refused(fault: tuple[float, float, float]) -> None:
    with pytest.raises(Invalid, match="cannot be planned"):
        PrintTime(*fault)


def test_an_absurd_spread_stays_within_the_calendar() -> None:
    assert PrintTime(3600, 9.9).quantile_seconds(0.9999) < 11 * 366 * 86_400
