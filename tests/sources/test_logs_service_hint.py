"""What a path says of the service, in archives too."""

from pathlib import Path

import pytest

from deep_code_reasoning.sources.logs.service_hint import service_hint


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/d/bundle.zip!/app.log", None),
        ("/d/bundle.zip!/payment.log", "payment"),
        ("/d/bundle.zip!/payment/app.log", "payment"),
        ("/d/payment/app.log", "payment"),
    ],
)
def test_the_service_of_a_path(path: str, service: str | None) -> None:
    assert service_hint(Path(path)) == service
