"""The shapes of the service's events and decisions, as SWF's API has them."""
