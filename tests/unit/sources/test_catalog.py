"""Sources are found by presence, read when they change, and ours are as the house wants them."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from include.settings import paths
from include.settings.environment import load
from include.sources import catalog, references
from include.sources.catalog import UnknownSource
from include.sources.declaration import DeclarationError

OURS = catalog.sources()


@pytest.fixture
def folder(tmp_path):
    shutil.copy(paths.SOURCES / "payments.yml", tmp_path / "payments.yml")
    return tmp_path


def test_a_new_file_is_a_new_source(folder):
    assert [source.name for source in catalog.sources(folder)] == ["payments"]
    shutil.copy(folder / "payments.yml", folder / "billing.yml")
    assert [source.name for source in catalog.sources(folder)] == ["billing", "payments"]


def test_a_file_is_read_once_and_again_when_it_changes(folder):
    first = catalog.source("payments", folder)
    assert catalog.source("payments", folder) is first
    path = folder / "payments.yml"
    path.write_text(path.read_text().replace("owner: data", "owner: finance"))
    assert catalog.source("payments", folder).owner == "finance"


def test_a_broken_neighbour_does_not_matter_to_a_source(folder):
    (folder / "broken.yml").write_text("title: x")
    assert catalog.source("payments", folder).name == "payments"
    with pytest.raises(DeclarationError, match=r"broken\.yml"):
        catalog.sources(folder)


def test_an_unknown_source_is_answered_with_close_names(folder):
    with pytest.raises(UnknownSource, match="no source `paymets`: did you mean payments"):
        catalog.source("paymets", folder)


def test_reading_the_catalog_needs_no_airflow():
    code = "import sys; from include.sources import catalog; catalog.sources(); assert 'airflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=paths.ROOT, check=True)


def test_we_have_these_sources():
    assert [source.name for source in OURS] == ["payments", "product_analytics", "storefront"]


@pytest.mark.parametrize("source", OURS, ids=lambda source: source.name)
def test_a_declaration_fits_one_screen(source):
    assert len((paths.SOURCES / f"{source.name}.yml").read_text().splitlines()) < 60


@pytest.mark.parametrize("source", OURS, ids=lambda source: source.name)
def test_a_variable_belongs_to_one_source_and_bears_its_name(source):
    prefix = {"storefront": "STOREFRONT_DB_"}.get(source.name, f"{source.name.upper()}_")
    assert {name for name in source.connector.variables if not name.startswith(prefix)} == set()


@pytest.mark.parametrize("name", ["payments", "product_analytics"])
def test_the_address_of_a_stand_in_is_left_out_where_there_is_none(name):
    connector = catalog.source(name).connector
    variable = f"{name.upper()}_API_URL"
    assert "base_url" not in references.resolve(connector.configuration, load({}))
    there = references.resolve(connector.configuration, load({variable: "http://127.0.0.1:8091"}))
    assert there["base_url"] == "http://127.0.0.1:8091"
