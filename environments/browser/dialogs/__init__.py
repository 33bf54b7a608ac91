"""What waits to be answered: dialogs of pages, and of the browser itself."""
