"""What costs how much, beside the floor under it, measured in one run."""
