import hashlib
from pathlib import Path

import pytest

from service.access.keys import (
    EVERYBODY,
    MOST_KEYS,
    Key,
    KeysError,
    find,
    is_key,
    new_key,
    parse_keys,
    read_keys,
)


def test_a_new_key_is_found_by_its_line_and_no_other_is():
    text, key = new_key("alice", ("submit", "read"))
    other, _ = new_key("alice", ("submit", "read"))
    assert is_key(text)
    assert text not in key.line()
    keys = parse_keys(f"# of the team\n\n  {key.line()}  \n")
    assert keys == (key,)
    assert find(keys, text) == key
    for wrong in (other, text[:-1], text + "x", text.upper(), "", "\ud800", key.digest.hex()):
        assert find(keys, wrong) is None


def test_what_has_not_the_form_of_a_key_is_none_whatever_the_file_says():
    weak = Key("alice", frozenset({"read"}), hashlib.sha256(b"password").digest())
    assert find([weak], "password") is None


def test_admin_is_enough_for_everything_and_everybody_is_no_admin():
    _, admin = new_key("root", ("admin",))
    _, reader = new_key("rita", ("read",))
    assert all(admin.allows(scope) for scope in ("submit", "read", "admin"))
    assert [reader.allows(scope) for scope in ("submit", "read", "admin")] == [False, True, False]
    assert not EVERYBODY.is_admin


@pytest.mark.parametrize("name", ["", "Alice", "a b", "a.b", "-a", "x" * 33, "ä", "a\n"])
def test_a_name_is_one_word_that_can_be_part_of_an_id(name: str):
    with pytest.raises(KeysError, match="a name is"):
        new_key(name, ("read",))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "0 keys"),
        ("# nothing\n", "0 keys"),
        ("alice read sha256:" + "0" * 63, "line 1"),
        ("# x\nalice write sha256:" + "0" * 64, "line 2.*scopes are some of"),
        ("alice read,,submit sha256:" + "0" * 64, "scopes are some of"),
        ("Alice read sha256:" + "0" * 64, "line 1"),
        (f"a read sha256:{'0' * 64}\nb read sha256:{'0' * 64}", "line 2.*before"),
        ("\n".join(f"a read sha256:{n:064x}" for n in range(MOST_KEYS + 1)), "1001 keys"),
        ("\0\ufffd", "line 1"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(text: str, why: str):
    with pytest.raises(KeysError, match=why):
        parse_keys(text)


def test_a_key_that_got_into_the_file_is_not_repeated():
    text, _ = new_key("alice", ("read",))
    with pytest.raises(KeysError) as caught:
        parse_keys(f"alice read {text}")
    assert "itten_" not in str(caught.value)


def test_files_that_cannot_be(tmp_path: Path):
    large = tmp_path / "large"
    large.write_bytes(b"#" * (2 << 20))
    for path, why in (
        (tmp_path / "none", "No such file"),
        (tmp_path, "directory"),
        (large, "larger"),
    ):
        with pytest.raises(KeysError, match=why):
            read_keys(path)
