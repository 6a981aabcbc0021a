"""What the registries write: sources, deliveries, our own records, quarantine."""
