"""Where secrets come from, and that they are masked in every spelling."""

import base64
import html
import json
import os
import re
import shlex
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simpleflow_nb import environment, masking
from simpleflow_nb.masking import secret_in
from workers import health
from workers.secrets import MissingSecretError, known_secrets, masked, masked_leaves, read_secret


@pytest.fixture(autouse=True)
def mounted(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "SECRETS_DIR", tmp_path)
    monkeypatch.setattr(masking, "_asked_for", set(masking.SECRET_VARIABLES))
    for name in (*masking.SECRET_VARIABLES, "AWS_ACCESS_KEY_ID", "AUTOFLOW_DB_URI"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_a_file_wins_over_the_environment_and_both_are_stripped(mounted, monkeypatch):
    monkeypatch.setenv("FLOWAPI_TOKEN", " from the environment\n")
    assert read_secret("FLOWAPI_TOKEN") == "from the environment"
    (mounted / "FLOWAPI_TOKEN").write_text("from the file\n")
    assert read_secret("FLOWAPI_TOKEN") == "from the file"


def test_a_default_is_used_for_a_secret_neither_mounted_nor_set(mounted):
    assert read_secret("AUTOFLOW_DB_PASSWORD", "") == ""
    with pytest.raises(MissingSecretError) as refusal:
        read_secret("FLOWAPI_TOKEN")
    assert str(refusal.value) == (
        f"FLOWAPI_TOKEN is not set: give it as the file {mounted}/FLOWAPI_TOKEN or in the environment"
    )


def test_no_folder_of_secrets_at_all_is_the_usual_case(mounted, monkeypatch):
    monkeypatch.setattr(environment, "SECRETS_DIR", mounted / "nowhere")
    assert read_secret("FLOWAPI_TOKEN", "x") == "x"
    assert known_secrets() == {}


@pytest.mark.parametrize("name", ["../x", "a/b", "/etc/passwd", "", ".."])
def test_a_name_cannot_leave_the_folder(name):
    with pytest.raises(ValueError, match="cannot be the name of a secret"):
        read_secret(name)


def old(file, content, *, at=1_000_000_000):
    """A file that was written long ago, so that its time can be trusted to tell the next change."""
    file.write_text(content)
    os.utime(file, (at, at))
    return file


@pytest.fixture
def files_read(monkeypatch):
    read, text_of = [], masking._text_of
    monkeypatch.setattr(masking, "_text_of", lambda path: read.append(os.path.basename(path)) or text_of(path))
    return read


def test_mounted_files_are_read_once_while_they_stay_what_they_are(mounted, files_read):
    old(mounted / "ONE", "first-secret-1")
    (mounted / "binary").write_bytes(b"\xff\xfe\xfd")
    os.utime(mounted / "binary", (1_000_000_000, 1_000_000_000))
    for _ in range(5):
        assert masked("first-secret-1, other-secret-2") == "***, other-secret-2"
    assert files_read == ["ONE", "binary"]
    old(mounted / "TWO", "other-secret-2")
    assert known_secrets() == {"ONE": "first-secret-1", "TWO": "other-secret-2"}
    assert files_read == ["ONE", "binary", "TWO"]
    (mounted / "ONE").unlink()
    assert known_secrets() == {"TWO": "other-secret-2"}


def rewritten(folder):
    old(folder / "ONE", "other-secret-2", at=1_000_000_001)


def longer(folder):
    old(folder / "ONE", "other-secret-23")


def put_in_its_place(folder):
    os.replace(old(folder / "new", "other-secret-2"), folder / "ONE")


def led_elsewhere(folder):
    old(folder / "elsewhere.d", "other-secret-2", at=1_000_000_001)
    (folder / "ONE").unlink()
    (folder / "ONE").symlink_to("elsewhere.d")


@pytest.mark.parametrize("change", [rewritten, longer, put_in_its_place, led_elsewhere])
def test_a_mounted_file_that_has_changed_is_read_again(change, mounted):
    old(mounted / "ONE", "first-secret-1")
    assert known_secrets()["ONE"] == "first-secret-1"
    change(mounted)
    assert known_secrets()["ONE"].startswith("other-secret-2")


def test_a_file_that_changes_twice_within_a_tick_of_the_clock_is_not_missed(mounted):
    file = mounted / "ONE"
    file.write_text("first-secret-1")
    written = file.stat().st_mtime_ns
    assert known_secrets()["ONE"] == "first-secret-1"
    file.write_text("other-secret-2")
    os.utime(file, ns=(written, written))
    assert known_secrets()["ONE"] == "other-secret-2"


def test_every_mounted_file_and_every_asked_for_variable_is_known(mounted, monkeypatch):
    (mounted / "SMTP_PASSWORD").write_text("mounted-secret\n")
    (mounted / "SSL_CERTIFICATE_FILE").write_text("/path/to/certificate")
    (mounted / "binary").write_bytes(b"\xff\xfe\xfd")
    (mounted / "huge").write_text("x" * 70_000)
    (mounted / "empty").write_text("")
    (mounted / "folder").mkdir()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "amazon-secret")
    monkeypatch.setenv("HOOK_TOKEN", "short")
    assert known_secrets() == {"SMTP_PASSWORD": "mounted-secret", "AWS_SECRET_ACCESS_KEY": "amazon-secret"}
    assert read_secret("HOOK_TOKEN") == "short"
    assert known_secrets()["HOOK_TOKEN"] == "short"
    text = "mounted-secret, amazon-secret, short, /path/to/certificate"
    assert masked(text) == "***, ***, short, /path/to/certificate"


SECRET = 'pä ss"w/ö+rd\\&='

#: One of every character that means something in HTML, JSON, URLs, LaTeX, shells or Python.
OF_MARKUP = "Zq7&<Tom's>\"b\\é~% $5_{x}^#/+=?ZQZQ9"


def in_script(text):
    """As Jinja, Django and bokeh write JSON in <script>."""
    for character in "<>&'":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


ESCAPINGS = {
    "nothing": str,
    "html": html.escape,
    "html, quotes as they are": lambda text: html.escape(text, quote=False),
    "html, markupsafe": lambda text: html.escape(text, quote=False).replace('"', "&#34;").replace("'", "&#39;"),
    "xmlcharref": lambda text: html.escape(text).encode("ascii", "xmlcharrefreplace").decode(),
    "json": lambda text: json.dumps(text)[1:-1],
    "json, not ascii": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "json in script": lambda text: in_script(json.dumps(text)[1:-1]),
    "repr": lambda text: repr(text)[1:-1],
    "url": quote,
    "url, all": lambda text: quote(text, safe=""),
    "form": quote_plus,
}

ALONE = {
    "html, php": lambda text: html.escape(text).replace("&#x27;", "&#039;"),
    "html, xml": lambda text: html.escape(text).replace("&#x27;", "&apos;"),
    "html, attribute of a browser": lambda text: text.replace("&", "&amp;").replace('"', "&quot;"),
    "json, slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "json in script, upper case": lambda text: in_script(json.dumps(text)[1:-1]).replace("3c", "3C").replace("3e", "3E"),
    "url, lower case": lambda text: re.sub("%..", lambda hit: hit[0].lower(), quote(text, safe="")),
    "url, encodeURIComponent": lambda text: quote(text, safe="!'()*"),
    "url, sqlalchemy": lambda text: quote(text, safe=" +"),
    "repr of bytes": lambda text: repr(text.encode())[2:-1],
    "repr between other quotes": lambda text: repr(f"{text}'\"")[1:-4],
    "ascii": lambda text: ascii(text)[1:-1],
    "latex": lambda text: (
        text.replace("\\", "\\textbackslash ")
        .replace("~", "\\textasciitilde ")
        .replace("^", "\\textasciicircum ")
        .replace("&", "\\&")
        .replace("%", "\\%")
        .replace("$", "\\$")
        .replace("#", "\\#")
        .replace("_", "\\_")
        .replace("{", "\\{")
        .replace("}", "\\}")
    ),
    "shell": lambda text: shlex.quote(text)[1:-1],
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "url-safe base64": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "url-safe base64, no padding": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 in a url": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
    "base64 of json": lambda text: base64.b64encode(json.dumps(text)[1:-1].encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "hex, upper case": lambda text: text.encode().hex().upper(),
}


@pytest.mark.parametrize(
    "secret", [SECRET, OF_MARKUP, "Tom&Jerry-99", "<>\"'&\\é %+/", "correct horse battery", "x" * 300 + "&"]
)
@pytest.mark.parametrize("inner", ESCAPINGS)
@pytest.mark.parametrize("outer", ESCAPINGS)
def test_a_secret_is_masked_with_one_escaping_on_another(outer, inner, secret):
    spelt = ESCAPINGS[outer](ESCAPINGS[inner](secret))
    assert masked(f"before {spelt} after", {"x": secret}) == "before *** after"


@pytest.mark.parametrize("secret", [SECRET, OF_MARKUP, "Tom&Jerry-99"])
@pytest.mark.parametrize("escaping", ALONE)
def test_a_secret_is_masked_in_rarer_spellings(escaping, secret):
    assert masked(f"before {ALONE[escaping](secret)} after", {"x": secret}) == "before *** after"


def test_the_middle_of_url_safe_base64_is_masked():
    secret = "\u00ff\u00fe?>~~\u00ff\u00fe?>secret"
    for before in (b"", b"a", b"ab"):
        text = base64.urlsafe_b64encode(before + secret.encode() + b"behind").decode()
        assert "-" in text or "_" in text
        assert len(masked(text, {"x": secret}).replace("***", "")) <= 16


@pytest.mark.parametrize(
    "torn",
    [
        "Tom\x1b[31m&\x1b[0mJerry-\x1b[1;36m99\x1b[0m",
        '<span class="s">Tom</span><span>&amp;</span>Jerry-<b>99</b>',
        "Tom&\nJerry-99",
    ],
)
def test_colours_tags_and_ends_of_lines_inside_a_secret_hide_it_from_nobody(torn):
    written = masked(f"before {torn} after", {"x": "Tom&Jerry-99"})
    assert "Jerry" not in written
    assert "Tom" not in written
    assert written.count("***") == 1
    assert re.findall(r"<[^>]*>|\x1b\[[0-9;]*m", written) == re.findall(r"<[^>]*>|\x1b\[[0-9;]*m", torn)  # balanced as before


def test_what_only_resembles_a_secret_stays():
    text = "Jerry and Tom, Jerry-99, Tom &amp; Jerry; <b>Jerry</b>\x1b[0m"
    assert masked(text, {"x": "Tom&Jerry-99"}) == text


def test_a_secret_of_several_lines_is_found_by_line_also_indented():
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg/kqhkiG9w0\nshort\n-----END KEY-----"
    assert masked(f"a\n  {key}\nb", {"x": key}) == "a\n  ***\nb"
    assert masked("b  MIIEvQIBADANBg/kqhkiG9w0\n", {"x": key}) == "b  ***\n"
    assert masked("short", {"x": key}) == "short"


def test_what_a_table_shows_of_a_long_secret_is_masked():
    secret = "".join(f"{number:02x}" for number in range(40))
    assert masked(f"{secret[:46]}...", {"x": secret}) == "***..."
    assert masked(f"<td>{secret[:9]}...</td>", {"x": secret}) == "<td>***...</td>"
    assert masked(f"'{secret[:12]}...{secret[-13:]}'", {"x": secret}) == "'***...***'"
    assert masked(f"| {secret[:30]}\u2026 |", {"x": secret}) == "| ***\u2026 |"
    assert masked(html.escape(f"{OF_MARKUP[:20]}..."), {"x": OF_MARKUP}) == "***..."
    assert masked("one\\ntwo-lines-of...", {"x": "first-line\ntwo-lines-of-it"}) == "one\\n***..."
    assert masked(f"{secret[:7]}... {secret[1:30]}...", {"x": secret}) == f"{secret[:7]}... {secret[1:30]}..."


def test_a_secret_that_is_no_utf8_is_masked():
    secret = b"abc-\xff\xfe-12345".decode("utf-8", "surrogateescape")
    assert masked(f"x {secret} y", {"x": secret}) == "x *** y"


def test_leaves_and_keys_of_a_tree_are_masked_and_the_rest_is_shared():
    tree = {"list": ["a", 'say "abcdefgh"', 1.5, None, True], "abcdefgh": 1, "other": {"deep": ["x"]}, "n": 12345678}
    made = masked_leaves(tree, {"x": "abcdefgh"})
    assert made == {"list": ["a", 'say "***"', 1.5, None, True], "***": 1, "other": {"deep": ["x"]}, "n": 12345678}
    assert made["other"] is tree["other"]
    assert masked_leaves(tree["other"], {"x": "abcdefgh"}) is tree["other"]
    assert masked_leaves(tree, {"x": "12345678"})["n"] == "***"


def test_keys_that_differ_in_their_secrets_are_not_lost():
    assert masked_leaves({"abcdefgh": 1, "ABCDEFGH": 2}, {"x": "abcdefgh", "y": "ABCDEFGH"}) == {"***": 1, "*** 2": 2}


@pytest.mark.parametrize(
    "name", ["AWS_SESSION_TOKEN", "AWS_SECRET_ACCESS_KEY", "SIMPLEFLOW_NB_TOKEN", "FLOWAPI_TOKEN", "AUTOFLOW_DB_PASSWORD"]
)
def test_these_variables_are_secrets_before_anybody_has_asked_for_them(name, monkeypatch):
    monkeypatch.setenv(name, "a-long-secret-value")
    assert masked("is a-long-secret-value") == "is ***"


@pytest.mark.parametrize(
    ("access_key_id", "is_secret"),
    [
        ("a-token-of-the-service", True),
        ("AKIAIOSFODNN7EXAMPLE", False),  # Amazon's own say nothing
        ("ASIAIOSFODNN7EXAMPLE", False),
        ("testing", False),
        ("any", False),
    ],
)
def test_an_access_key_id_is_a_secret_where_it_is_the_token_of_a_service(access_key_id, is_secret, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access_key_id)
    assert ("AWS_ACCESS_KEY_ID" in known_secrets()) is is_secret
    assert masked(f"[{access_key_id}]") == ("[***]" if is_secret else f"[{access_key_id}]")


@pytest.mark.parametrize(
    ("address", "passwords"),
    [
        ("postgresql://autoflow:p%40ss%2Fword1@db:5432/runs", {"p%40ss%2Fword1", "p@ss/word1"}),
        ("postgresql+psycopg://u:under+score@db/runs", {"under+score", "under score"}),
        ("postgresql://u:two@signs-1@db/runs", {"two@signs-1"}),
        ("postgresql://u:with/slash-1@db/runs", {"with/slash-1"}),
        ("redis://:only-a-password@cache:6379/0", {"only-a-password"}),
        ("postgresql://db/runs?user=u&password=in-the-query", {"in-the-query"}),
        ("https://user:web-password@proxy:3128", {"web-password"}),
        ("postgresql://u:{}@db/runs", set()),
        ("postgresql://user@db/runs", set()),
        ("sqlite:////outputs/runs.sqlite3", set()),
        ("http://host:8080/a?to=me@example.org", set()),
        ("https://proxy:3128", set()),
    ],
)
@pytest.mark.parametrize("name", ["AUTOFLOW_DB_URI", "HTTPS_PROXY", "FLOWAPI_URL", "MY_OWN_DATABASE"])
def test_the_password_in_an_address_is_a_secret_as_it_is_written_and_as_it_is_meant(name, address, passwords, monkeypatch):
    monkeypatch.setenv(name, address)
    found = {value for what, value in known_secrets().items() if what.startswith(f"password in {name}")}
    assert {password for password in found if len(password) >= 8} >= passwords
    assert passwords or not found
    for password in passwords:
        assert masked(f"with {password}.") == "with ***."


def test_a_mounted_address_gives_its_password_away_even_if_it_is_no_secret_itself(mounted):
    (mounted / "FLOWAPI_URL").write_text("https://user:web-password@flowapi")
    assert masked("https://flowapi web-password") == "https://flowapi ***"


def test_another_environment_than_ours_has_other_secrets(monkeypatch):
    monkeypatch.setenv("FLOWAPI_TOKEN", "ours-of-old")
    assert "ours-of-old" not in known_secrets({"FLOWAPI_TOKEN": "theirs"}).values()
    assert known_secrets({"FLOWAPI_TOKEN": "theirs"})["FLOWAPI_TOKEN"] == "theirs"


def test_variables_that_are_named_as_secrets_are_masked(monkeypatch, mounted):
    monkeypatch.setenv("SHOP_TOKEN", "tok-of-the-shop")
    assert masked("it is tok-of-the-shop") == "it is tok-of-the-shop"
    monkeypatch.setenv("SIMPLEFLOW_NB_SECRETS", "SHOP_TOKEN, MAIL_PASSWORD")
    assert masked("it is tok-of-the-shop") == "it is ***"
    assert known_secrets({"SHOP_TOKEN": "theirs"}) == {}
    assert known_secrets({"SHOP_TOKEN": "theirs", "SIMPLEFLOW_NB_SECRETS": "SHOP_TOKEN"}) == {"SHOP_TOKEN": "theirs"}
    assert [finding.text for finding in health._secrets()] == [
        "SIMPLEFLOW_NB_SECRETS names MAIL_PASSWORD, and there is no such variable"
    ]
    monkeypatch.setenv("SIMPLEFLOW_NB_SECRETS", "SHOP_TOKEN, no name")
    assert masked("it is tok-of-the-shop") == "it is ***"
    assert list(health._secrets()) == []
    assert [finding.text for finding in health._values_of_variables()] == [
        "SIMPLEFLOW_NB_SECRETS is 'SHOP_TOKEN, no name'; a list of names of variables, separated by commas, is expected"
    ]


def test_doctor_names_the_secrets_that_are_too_short_to_be_masked(monkeypatch, mounted):
    monkeypatch.setenv("MY_DATABASE", "postgresql://me:short@db/x")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "1234567")
    monkeypatch.setenv("AUTOFLOW_DB_PASSWORD", "12345678")
    why = "has fewer than 8 characters, so it is not masked in what is kept; use a longer one"
    assert [finding.text for finding in health._secrets()] == [
        f"AWS_SESSION_TOKEN {why}",
        f"password in MY_DATABASE {why}",
    ]


def test_doctor_tells_no_secret(monkeypatch, tmp_path):
    monkeypatch.setenv("AUTOFLOW_DB_PASSWORD", "a-long-secret")
    finding = health.Finding("records", "FAILED", "run records in postgresql://db/x?password=a-long-secret cannot be used")
    monkeypatch.setattr(health, "_findings", lambda *_: iter([finding]))
    assert [one.text for one in health.findings(None, tmp_path)] == [
        "run records in postgresql://db/x?password=*** cannot be used"
    ]


@pytest.mark.parametrize(
    ("node", "name"),
    [
        ({"parameters": ["postgres://u:postgres@db"]}, "PASSWORD"),
        ({"postgres": 1}, "PASSWORD"),
        ({"uri": "postgresql://u@db", "n": 3, "nothing": None}, None),
        ([12345678], "PIN"),
    ],
)
def test_a_secret_in_values_is_told_by_its_name_unless_it_is_a_part_of_a_word(node, name):
    assert secret_in(node, {"PASSWORD": "postgres", "PIN": "12345678", "SHORT": "db"}) == name


@given(st.binary(max_size=7), st.text(min_size=8, max_size=30).map(str.strip).filter(lambda text: len(text) >= 8))
def test_base64_of_something_that_holds_a_secret_does_not_give_it_away(before, secret):
    blob = before + secret.encode()
    written = masked(base64.b64encode(blob).decode(), {"x": secret})
    assert "***" in written
    # What is left decodes to less than a character of the secret besides what stood before it.
    left = written.replace("***", "")
    assert len(left) <= len(before) * 8 / 6 + 6


ODD = st.text(alphabet=st.sampled_from("ab7 <>&\"'\\/%$+=~é\n-_{}"), min_size=8, max_size=20).map(str.strip)


@example("77<\"77'7", "repr", "repr", "77777777", "77777777")
@given(ODD.filter(lambda text: len(text) >= 8), st.sampled_from(list(ESCAPINGS)), st.sampled_from(list(ESCAPINGS)), ODD, ODD)
def test_no_odd_secret_among_odd_characters_is_left_in_any_spelling(secret, inner, outer, before, after):
    spelt = ESCAPINGS[outer](ESCAPINGS[inner](secret))
    written = masked(f"{before} {spelt} {after}", {"x": secret})
    assert "***" in written
    assert spelt not in written


def test_secrets_that_contain_each_other_leave_nothing_behind():
    assert masked("abcdefgh12345678", {"a": "abcdefgh", "b": "abcdefgh12345678"}) == "***"


def test_no_secrets_leave_the_text_alone():
    assert masked("text", {}) == "text"
    assert masked("1234567", {"x": "1234567"}) == "1234567"
    assert masked("12345678", {"x": "12345678"}) == "***"
