"""What goes in and out of a browser: downloads, uploads, its state."""
