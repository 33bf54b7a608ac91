"""What a page shows, as a tree with boxes, through frames and shadow roots."""
