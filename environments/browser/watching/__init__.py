"""What a person does in a browser's window: heard in its pages, and told as acts."""
