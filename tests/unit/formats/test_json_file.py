import json

import numpy as np
import pytest

from betenet.errors import DataError
from betenet.formats.read import read_a2f
from betenet.spectrum import Spectrum


def test_spectrum_with_its_rule(spectrum, put):
    published = Spectrum(spectrum.frequencies, spectrum.a2f, rule="published")
    file = read_a2f(put(published.to_json()))
    assert (file.format, file.unit, file.unit_source) == ("json", "meV", "stated in the file")
    assert file.spectrum().rule == "published"
    np.testing.assert_array_equal(file.spectrum().a2f, spectrum.a2f)


def test_prediction_with_members(batch, put):
    prediction = {"name": "Nb", "spectrum": batch.to_dict(), "error": None}
    for text in (json.dumps(prediction), "[\n" + json.dumps(prediction) + "\n]\n"):
        assert read_a2f(put(text)).spectrum().batch_shape == (3,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"frequencies_mev": [1, 2], "a2f":\n [0.1,', "line 2: not valid JSON"),
        ("[]", "holds 0 predictions"),
        ('[{"spectrum": null}, {"spectrum": null}]', "holds 2 predictions"),
        ('{"spectrum": null}', "prediction without a spectrum"),
        ("[3]", "JSON, but no spectrum"),
        ('{"frequencies_mev": [1, 2]}', r"missing keys \['a2f'\]"),
        ('{"frequencies_mev": [1, 2], "a2f": [0, 0], "unit": "K"}', r"unknown keys \['unit'\]"),
        ('{"frequencies_mev": [1, 2], "a2f": [[0], [0, 1]]}', "a2f is not an array"),
        ('{"frequencies_mev": [1, 2], "a2f": [0, 0, 0]}', r"shape \(2,\) and α²F \(3,\)"),
        ('{"frequencies_mev": [1, 2], "a2f": [0, 0], "rule": "x"}', "Unknown integration rule"),
        ('{"frequencies_mev": [2, 1], "a2f": [0, 0]}', "frequency 1 after 2"),
    ],
)
def test_broken_json_is_named(put, text, message):
    with pytest.raises(DataError, match=message) as caught:
        read_a2f(put(text, "broken.json"))
    assert "broken.json" in str(caught.value)
