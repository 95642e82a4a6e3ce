"""Runs started, found again, moved and cleaned up: what the workflows of `deciders` have done for them."""
