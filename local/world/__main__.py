"""Entry point of `python -m local.world`."""

from local.world.command import main

main()
