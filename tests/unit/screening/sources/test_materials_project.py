import inspect
from types import SimpleNamespace
from typing import Any

import pytest
from ase.build import bulk

from betenet.errors import ConfigError, DataError
from betenet.known.candidate_rules import BAND_GAP, HULL_DISTANCE
from betenet.screening.candidates import Candidate, Unreadable
from betenet.screening.sources import materials_project, open_source
from betenet.screening.sources.materials_project import MaterialsProjectSource, read_query


def document(name: str) -> dict[str, Any]:
    atoms = bulk("Nb", a=3.3)
    structure = {
        "lattice": {"matrix": atoms.cell.array.tolist()},
        "sites": [{"species": [{"element": "Nb", "occu": 1}], "abc": [0, 0, 0]}],
    }
    return {"material_id": name, "structure": structure, "band_gap": 0.0,
            "energy_above_hull": 0.01, "is_metal": True}  # fmt: skip


class Client:
    """Stands in for MPRester; answers as its `materials.summary.search` does."""

    def __init__(self, names: list[str], lost: str = "") -> None:
        self.names = names
        self.lost = lost
        self.asked: list[dict[str, Any]] = []
        self.materials = SimpleNamespace(summary=SimpleNamespace(search=self.search))

    def search(
        self,
        *,
        fields: list[str],
        all_fields: bool,
        chunk_size: int,
        num_chunks: int | None = None,
        material_ids: list[str] | None = None,
        **criteria: Any,
    ) -> list[dict[str, Any]]:
        self.asked.append(criteria)
        assert not all_fields
        # without criteria and without a number of chunks it fetches the whole database
        assert material_ids or num_chunks
        assert chunk_size >= len(material_ids or ())
        names = reversed([name for name in self.names if name in (material_ids or self.names)])
        documents = [document(name) for name in names if not material_ids or name != self.lost]
        return [{key: d[key] for key in fields if key in d} for d in documents]


def read(client: Client, query: str = "") -> list[Any]:
    return list(MaterialsProjectSource(query, connect=lambda: client))


def test_documents_come_page_by_page_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(materials_project, "PAGE", 3)
    names = [f"mp-{number}" for number in (5, 3, 9, 1, 7, 2, 8)]
    client = Client(names)
    entries = read(client, "elements=Nb&energy_above_hull=0:0.1")
    assert [entry.name for entry in entries] == sorted(names)
    assert client.asked[0] == {"elements": ["Nb"], "energy_above_hull": (0.0, 0.1)}
    assert len(client.asked) == 4
    assert entries[0].given[BAND_GAP] == 0.0
    assert entries[0].given[HULL_DISTANCE] == 0.01
    assert entries[0].atoms.get_chemical_formula() == "Nb"


def test_a_document_that_is_not_sent_is_named() -> None:
    entries = read(Client(["mp-1", "mp-2"], lost="mp-2"))
    assert [type(entry) for entry in entries] == [Candidate, Unreadable]
    assert entries[1].name == "mp-2"


def test_the_real_client_takes_our_call() -> None:
    routes = pytest.importorskip(
        "mp_api.client.routes.materials.summary", reason="mp-api is not installed"
    )
    signature = inspect.signature(routes.SummaryRester.search)
    query = read_query("elements=Nb&is_metal=true&energy_above_hull=0:0.1&num_sites=:20")
    for more in ({"fields": ["material_id"], "num_chunks": 1}, {"material_ids": ["mp-1"]}):
        signature.bind(None, **query, **more, all_fields=False, chunk_size=1)
    known = materials_project._LISTS | materials_project._FLAGS | materials_project._RANGES
    assert known <= set(signature.parameters)
    # what is asked for is in the documents
    fields = routes.SummaryRester.document_model.model_fields
    assert set(materials_project.FIELDS) <= set(fields)


def test_what_the_server_says_is_passed_on() -> None:
    class Refusing(Client):
        def search(self, **_: Any) -> list[dict[str, Any]]:
            raise RuntimeError("REST query returned with error status code 401")

    with pytest.raises(DataError, match="status code 401"):
        read(Refusing([]))


@pytest.mark.parametrize("query", ["colour=red", "is_metal=perhaps", "num_sites=x", "volume=1:y"])
def test_a_wrong_query_is_refused_at_once(query: str) -> None:
    with pytest.raises(ConfigError, match=query.split("=", maxsplit=1)[0]):
        open_source(f"mp:{query}")


def test_without_a_key_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MP_API_KEY", raising=False)
    source = open_source("mp:elements=Nb")
    assert source.identity() == {"kind": "materials-project", "query": {"elements": ["Nb"]}}
    with pytest.raises(ConfigError, match="MP_API_KEY"):
        list(source)
