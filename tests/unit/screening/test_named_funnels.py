from __future__ import annotations

import pytest

from betenet.errors import ConfigError
from betenet.screening.filters import Filters
from betenet.screening.named_funnels import named_funnel
from betenet.screening.screening import open_funnel


def test_the_papers_funnel() -> None:
    """Gibson et al.: Tc >= 5.8 K from the structure, phonons, Tc > 2.9 K with them."""
    funnel = named_funnel("paper", "cells/")
    assert funnel.source == "cells/"
    assert [stage.kind for stage in funnel.stages] == ["structure", "stability", "phonons"]
    assert [stage.threshold for stage in funnel.stages] == [5.8, None, 2.9]
    assert funnel.stages[0].score == "tc_kelvin"
    filters = Filters.from_dict(funnel.filters)
    assert (filters.most_atoms, filters.most_elements, filters.hull_distance_max) == (8, 4, 0.05)
    assert filters.not_in_training == funnel.stages[0].model


def test_a_name_stands_in_front_of_what_is_screened() -> None:
    assert open_funnel("paper:cells/") == named_funnel("paper", "cells/")
    assert open_funnel("paper:mp:is_metal=true").source == "mp:is_metal=true"
    assert open_funnel("mp:is_metal=true").source == "mp:is_metal=true"
    assert open_funnel("paper").source == "paper"  # a folder of this name
    with pytest.raises(ConfigError, match=r"no funnel 'papr'[\s\S]*paper"):
        named_funnel("papr", "cells/")
