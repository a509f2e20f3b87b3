"""A job from its acceptance to its end: decisions, records, events."""
