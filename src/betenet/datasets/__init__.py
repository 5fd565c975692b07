"""Rows of known α²F: our JSONL layout, the published layout, and what may be trained on."""
