"""OSWorld's virtual machine: a desktop that is seen and acted on through the HTTP server that runs inside it."""
