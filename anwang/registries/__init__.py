"""What the registries know: sources, manifests, deliveries, quarantine and facts."""
