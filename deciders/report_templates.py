"""Templates of reports, recognised by file extension. Imports nothing: the process that makes reports needs it too."""

from __future__ import annotations

#: Typst
TYPST_TEMPLATE = ".typ"
#: nbconvert's asciidoc, as AutoFlow has it
ASCIIDOC_TEMPLATES = (".tpl", ".asciidoc.j2")
