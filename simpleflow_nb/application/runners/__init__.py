"""Runs carried out on this machine, or started on a service for others to carry out."""
