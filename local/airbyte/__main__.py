"""`python -m local.airbyte serve`."""

from __future__ import annotations

import sys

from local.airbyte import server, settings

if __name__ == "__main__":
    sys.exit(server.serve(settings.parse()))
