"""What is done to a page: pointer, fingers, keyboard, controls, addresses."""
