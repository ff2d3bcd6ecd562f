"""What plugins of all types share."""
