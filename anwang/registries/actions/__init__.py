"""What the registries write: sources from their manifests, deliveries, our own records, quarantine."""
