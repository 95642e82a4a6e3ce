import pytest
from selectolax.lexbor import LexborHTMLParser

from workers.reports.drawing import svg_text


@pytest.mark.parametrize(
    ("html", "xml"),
    [
        ("<svg viewBox='0 0 1 1'><path d=M0></svg>", ' viewBox="0 0 1 1"><path d="M0"></path></svg>'),
        ("<SVG><LINEARGRADIENT gradientunits=x /></SVG>", '><linearGradient gradientUnits="x"></linearGradient></svg>'),
        ("<svg><use xlink:href='#a'/></svg>", '><use xlink:href="#a"></use></svg>'),
        ("<svg xmlns='of another kind'><g a:b=1 @c=2 d/></svg>", '><g d=""></g></svg>'),
        ("<svg xmlns:a='urn:a'><a:b c=1 /><z:y><path/></z:y></svg>", ' xmlns:a="urn:a"><a:b c="1"></a:b></svg>'),
        ("<svg><text>a&nbsp;&lt;&amp;b</text></svg>", "><text>a\xa0&lt;&amp;b</text></svg>"),
        ("<svg><style><![CDATA[a > b {}]]></style><!-- c --></svg>", "><style>a &gt; b {}</style></svg>"),
        ("<svg><svg><path/></svg><circle/></svg>", "><svg><path></path></svg><circle></circle></svg>"),
        ("<svg><text>a\x01b</text></svg>", "><text>ab</text></svg>"),
    ],
)
def test_a_drawing_in_html_becomes_xml(html, xml):
    svg = LexborHTMLParser(html).css_first("svg")
    written = svg_text(svg)
    for namespace in (' xmlns="http://www.w3.org/2000/svg"', ' xmlns:xlink="http://www.w3.org/1999/xlink"'):
        assert namespace in written
        written = written.replace(namespace, "", 1)
    assert written.removeprefix("<svg") == xml


def test_a_drawing_nested_without_end_is_written():
    assert svg_text(LexborHTMLParser("<svg>" + "<g>" * 20_000).css_first("svg")).endswith("</g></svg>")
