"""Sphinx configuration: plain pages, no extension that is not Sphinx's own."""

from simpleflow_nb import __version__

project = "simpleflow_nb"
author = "the authors of simpleflow_nb"
version = release = __version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon"]  # docstrings have Args and Raises
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {
    "description": "Notebook workflows that survive anything",
    "page_width": "62rem",
    "sidebar_width": "15rem",
    "fixed_sidebar": True,
}
# the sections of the page stand above the list of all pages
html_sidebars = {"**": ["about.html", "searchfield.html", "localtoc.html", "navigation.html"]}
html_show_sourcelink = False
html_copy_source = False

# Python and YAML examples name their language; everything else is a terminal.
highlight_language = "none"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
nitpicky = False
