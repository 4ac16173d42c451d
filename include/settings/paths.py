"""Paths inside the repository, and where run-time state may be written."""

from __future__ import annotations

from pathlib import Path

from include.settings import environment

ROOT = Path(__file__).resolve().parents[2]
# dbt's own variable; benchmarks and tests point it at a project of theirs.
DBT_PROJECT = Path(environment.load().get("DBT_PROJECT_DIR") or ROOT / "dbt")
# Built ahead (`make manifest`, image build) and only read afterwards: dbt's own target/ is written by every run.
DBT_MANIFEST = DBT_PROJECT / "manifest" / "manifest.json"
# What is written while the platform runs and must outlive a start.
STATE = Path(environment.load().get("BACKBEAT_STATE") or ROOT / ".local")
SOURCES = ROOT / "include" / "sources"
