"""Folders that people begin with: files in three shapes, and what writes them."""
