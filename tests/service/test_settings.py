"""Settings: defaults, the environment, and what a wrong value says."""

import dataclasses
from pathlib import Path

import pytest

from service.access.keys import new_key
from service.settings import Settings, SettingsError
from worker.wire.framing import MAX_PAYLOAD


def test_defaults_are_those_of_the_contract() -> None:
    settings = Settings.from_env({})
    assert (settings.host, settings.port, settings.device) == ("127.0.0.1", 8000, "auto")
    assert (settings.max_deadline_s, settings.max_body_mb, settings.max_queue) == (10, 32, 32)
    assert (settings.keep_hours, settings.keep_gb, settings.workers) == (24, 2, ())
    assert settings.data.is_absolute()
    assert settings.data.name == "itten"
    assert settings.warnings({}) == []


def test_without_a_home_the_data_directory_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(path: Path) -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "expanduser", homeless)
    with pytest.raises(SettingsError, match=r"^ITTEN_DATA cannot be placed"):
        Settings.from_env({})


def test_every_value_can_be_set(tmp_path: Path) -> None:
    settings = Settings.from_env(
        {
            "ITTEN_HOST": "0.0.0.0",
            "ITTEN_PORT": "0",
            "ITTEN_WORKERS": "unix:/run/itten/worker.sock, tcp://gpu-1:9000,tcp://[::1]:9000",
            "ITTEN_DEVICE": "CPU",
            "ITTEN_DATA": str(tmp_path),
            "ITTEN_MAX_DEADLINE_S": "2.5",
            "ITTEN_MAX_BODY_MB": "1",
            "ITTEN_MAX_PIXELS": "50e6",
            "ITTEN_MAX_QUEUE": "1",
            "ITTEN_KEEP_HOURS": "0.5",
            "ITTEN_KEEP_GB": ".25",
            "ITTEN_THREADS": "2",
            "ITTEN_ALLOWED_ORIGINS": "https://Example.org,http://localhost:3000",
            "ITTEN_LOG_FORMAT": "json",
            "ITTEN_LOG_LEVEL": "warning",
            "PATH": "/bin",
        }
    )
    assert settings.workers[2] == "tcp://[::1]:9000"
    assert settings.allowed_origins == ("https://example.org", "http://localhost:3000")
    assert (settings.data, settings.device, settings.max_pixels) == (tmp_path, "cpu", 50_000_000)
    assert (settings.max_body_bytes, settings.keep_s, settings.keep_bytes) == (2**20, 1800, 2**28)


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.from_env({"ITTEN_PORT": " ", "ITTEN_MAX_PIXELS": ""}) == Settings.from_env({})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "8_000"),
        ("PORT", "٨٠٠٠"),
        ("HOST", "http://localhost"),
        ("HOST", "local host"),
        ("DEVICE", "gpu"),
        ("DATA", "/tmp/a\0b"),
        ("MAX_DEADLINE_S", "0"),
        ("MAX_DEADLINE_S", "nan"),
        ("MAX_DEADLINE_S", "inf"),
        ("MAX_BODY_MB", "1e999"),
        ("MAX_PIXELS", "0"),
        ("MAX_PIXELS", "1.5"),
        ("MAX_PIXELS", str(MAX_PAYLOAD // 8 + 1)),
        ("MAX_QUEUE", "9" * 5000),
        ("KEEP_HOURS", "-3"),
        ("KEEP_GB", "two"),
        ("THREADS", "0"),
        ("WORKERS", "unix:relative.sock"),
        ("WORKERS", "tcp://host:99999"),
        ("WORKERS", "tcp://host:0"),
        ("WORKERS", "host:80"),
        ("WORKERS", "unix:/run/a.sock,unix:/run/a.sock"),
        ("WORKERS", "unix:/run/a.sock,unix:/run/../run/a.sock"),
        ("WORKERS", "tcp://GPU-1:9000,tcp://gpu-1:09000"),
        ("API_KEYS_FILE", "/nonexistent/keys"),
        ("API_KEYS_FILE", "/"),
        ("RATE", "0"),
        ("RATE_BURST", "0"),
        ("TRUSTED_PROXIES", "nginx"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("TRUSTED_PROXIES", "10.0.0.1:80"),
        ("TRUSTED_PROXIES", "0.0.0.0/0"),
        ("TRUSTED_PROXIES", "10.0.0.1, ::/0"),
        ("TRUSTED_PROXIES", "::ffff:10.0.0.1"),
        ("ALLOWED_ORIGINS", "example.org"),
        ("ALLOWED_ORIGINS", "https://example.org/path"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_do(name: str, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({f"ITTEN_{name}": text})
    message = str(caught.value)
    assert message.startswith(f"ITTEN_{name} ")
    assert any(verb in message for verb in ("set it to", "write ", "unset it"))
    assert len(message) < 300


def test_all_wrong_values_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({"ITTEN_PORT": "x", "ITTEN_KEEP_GB": "y"})
    assert [line.split()[0] for line in str(caught.value).splitlines()] == [
        "ITTEN_PORT",
        "ITTEN_KEEP_GB",
    ]


def test_settings_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings.from_env({}).port = 1  # type: ignore[misc]


def test_pixel_limit_depends_on_the_device_unless_set() -> None:
    settings = Settings.from_env({})
    assert (settings.pixel_limit("cuda:0"), settings.pixel_limit("cpu")) == (50_000_000, 16_000_000)
    assert Settings.from_env({"ITTEN_MAX_PIXELS": "7"}).pixel_limit("cuda:0") == 7


def test_two_of_the_largest_pictures_fit_into_a_frame() -> None:
    most = MAX_PAYLOAD // (2 * 4)  # two pictures of four channels
    assert Settings.from_env({"ITTEN_MAX_PIXELS": str(most)}).max_pixels == most


def test_warnings_name_typos_and_an_open_door() -> None:
    env = {"ITTEN_HOST": "0.0.0.0", "ITTEN_PROT": "1", "ITTEN_" + "Q" * 10**6: "1"}
    notes = Settings.from_env(env).warnings(env)
    assert len(notes) == 3
    assert "ITTEN_PROT is not a setting; did you mean ITTEN_PORT?" in notes
    assert "anybody who can reach 0.0.0.0:8000" in notes[-1]
    assert all(len(note) < 300 for note in notes)
    for host in ("127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"):
        assert Settings.from_env({"ITTEN_HOST": host}).warnings({}) == []


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"WORKERS": "unix:/w", "DEVICE": "cuda"}, "give them to `itten worker`"),
        ({"WORKERS": "unix:/w", "THREADS": "2"}, "give them to `itten worker`"),
        ({"TRUSTED_PROXIES": "10.0.0.1"}, "set ITTEN_HOST to an address that they can"),
        ({"KEEP_GB": "0.05"}, "ITTEN_KEEP_GB is too little"),
        ({"KEEP_GB": "1", "MAX_PIXELS": "1e8"}, ""),
        ({"TRUSTED_PROXIES": "10.0.0.1,127.0.0.0/8"}, ""),
        ({"WORKERS": "unix:/w", "TRUSTED_PROXIES": "::1"}, ""),
    ],
)
def test_what_is_set_to_no_effect_is_told(env: dict[str, str], said: str) -> None:
    notes = Settings.from_env({f"ITTEN_{name}": text for name, text in env.items()}).warnings({})
    assert len(notes) == bool(said)
    assert said in "".join(notes)


def test_keys_close_the_door_and_their_file_is_looked_at(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(new_key("alice", ("read",))[1].line())
    path.chmod(0o600)
    env = {"ITTEN_HOST": "0.0.0.0", "ITTEN_API_KEYS_FILE": str(path), "ITTEN_KEY": "x"}
    assert Settings.from_env(env).warnings(env) == []
    for mode in (0o640, 0o602):
        path.chmod(mode)
        [note] = Settings.from_env(env).warnings(env)
        assert f"(mode {mode:o})" in note
        assert "chmod 600" in note
    path.write_text("alice read sha256:1\n")
    with pytest.raises(SettingsError, match=r"^ITTEN_API_KEYS_FILE is .*line 1 .*itten key new"):
        Settings.from_env(env)


def test_shown_settings_can_be_read_back() -> None:
    env = {"ITTEN_PORT": "9000", "ITTEN_WORKERS": "unix:/a,unix:/b", "ITTEN_KEEP_GB": "0.5"}
    env["ITTEN_TRUSTED_PROXIES"] = "10.0.0.1, fd00::/8"
    settings = Settings.from_env(env)
    lines = [line for line in settings.show().splitlines() if not line.startswith("#")]
    shown = dict(line.split("=", 1) for line in lines)
    assert len(shown) == len(dataclasses.fields(Settings))
    assert shown["ITTEN_PORT"] == "9000"
    assert Settings.from_env(shown) == settings
