"""Paths inside the repository, and where run-time state may be written."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DBT_PROJECT = ROOT / "dbt"
# Built ahead (`make manifest`, image build) and only read afterwards: dbt's own target/ is written by every run.
DBT_MANIFEST = DBT_PROJECT / "manifest" / "manifest.json"
SOURCES = ROOT / "include" / "sources"
