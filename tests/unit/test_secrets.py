"""Where secrets come from, and that they are masked in every spelling."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpleflow_nb import environment, masking
from workers.secrets import MissingSecretError, known_secrets, masked, read_secret


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


def test_a_default_is_for_what_is_neither(mounted):
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


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("="),
        repr(SECRET)[1:-1],
    ],
)
def test_every_spelling_of_a_secret_is_masked(spelling):
    assert masked(f"before {spelling} after", {"x": SECRET}) == "before *** after"


@given(st.binary(max_size=7), st.text(min_size=8, max_size=30).map(str.strip).filter(lambda text: len(text) >= 8))
def test_base64_of_something_that_holds_a_secret_does_not_give_it_away(before, secret):
    blob = before + secret.encode()
    written = masked(base64.b64encode(blob).decode(), {"x": secret})
    assert "***" in written
    # What is left decodes to less than a character of the secret besides what stood before it.
    left = written.replace("***", "")
    assert len(left) <= len(before) * 8 / 6 + 6


def test_secrets_that_contain_each_other_leave_nothing_behind():
    assert masked("abcdefgh12345678", {"a": "abcdefgh", "b": "abcdefgh12345678"}) == "***"


def test_no_secrets_leave_the_text_alone():
    assert masked("text", {}) == "text"
    assert masked("1234567", {"x": "1234567"}) == "1234567"
    assert masked("12345678", {"x": "12345678"}) == "***"
