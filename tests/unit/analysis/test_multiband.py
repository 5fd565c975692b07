import json

import pytest

from betenet.analysis.multiband import analyse_bands
from betenet.errors import ConfigError

MGB2 = "# bands sigma pi\n# lambda\n1.017 0.213\n0.155 0.448\n# frequency (meV)\n66 63\n63 59\n"


def test_text_and_json_of_two_bands(tmp_path):
    file = tmp_path / "MgB2.txt"
    file.write_text(MGB2)
    found = analyse_bands(
        file, band_mu_star=(0.210, 0.095, 0.069, 0.172), cutoff=800.0, mu_star_frequency=800.0
    )
    text, data = found.text(), json.loads(json.dumps(found.to_dict()))
    assert "sigma   Δ₀ = 7.2" in text
    assert data["tc_kelvin"] == pytest.approx(40.4, abs=0.2)
    assert data["bands"] == ["sigma", "pi"]
    assert len(data["imaginary_gaps_mev"]) == len(data["temperatures_kelvin"])
    with pytest.raises(ConfigError, match="4 in the order"):
        analyse_bands(file, band_mu_star=(0.1, 0.2))
