"""What goes over the network of a browser context: watched and recorded, or served back from a recording with nothing outside."""
