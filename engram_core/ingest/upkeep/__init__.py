"""What keeps a store in shape: duplicates merged, sessions summarised, importance renewed, limits kept."""
