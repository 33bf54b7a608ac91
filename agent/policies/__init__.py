"""What decides: a script, a model, a recording."""
