"""What the venue says beside the user's own streams: markets, answers, the grid of prices and sizes."""
