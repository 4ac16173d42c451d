"""How each kind of subject is told: one module per design, each with `tell(events, setting)`. Pure."""
