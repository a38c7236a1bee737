"""What would be built: resources and their relations, from whichever reader."""
