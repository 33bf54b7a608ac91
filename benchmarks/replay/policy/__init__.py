"""Shows a model each recorded step with nothing of what came later, and scores what it answers."""
