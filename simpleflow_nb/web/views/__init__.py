"""The values that each page shows, made of what the application returns."""
