"""A person at a browser, recorded: an episode, and a task file that does the same."""
