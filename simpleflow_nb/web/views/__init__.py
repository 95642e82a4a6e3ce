"""What is on each page: values for its template, made of what the application returns."""
