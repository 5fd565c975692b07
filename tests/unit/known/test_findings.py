import betenet.known.findings
from betenet.known.findings import CODES


def test_every_code_is_listed_once() -> None:
    named = {
        value
        for name, value in vars(betenet.known.findings).items()
        if name.isupper() and isinstance(value, str)
    }
    assert named == set(CODES)
    assert len(CODES) == len(named)
