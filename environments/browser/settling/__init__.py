"""When a screen has come to rest."""
