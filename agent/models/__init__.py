"""The models: who answers a `Request`, over HTTP, in this process, from a recording."""
