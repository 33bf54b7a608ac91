"""Runs an episode again on its recorded replies and world, to see whether our own code is unchanged."""
