"""What Fledge's services and plugins share."""
