"""What north plugins share."""
