"""Target → place: the accessibility tree, screen text, and chains of them."""
