"""Steps of other frameworks, each in a virtual environment of its own, on the same page and with a model that answers at once."""
