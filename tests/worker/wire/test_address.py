import pytest

from worker.wire.address import TcpAddress, UnixAddress, parse_address


def test_addresses():
    assert parse_address("unix:/run/itten/worker.sock") == UnixAddress("/run/itten/worker.sock")
    assert parse_address("tcp://gpu:9000") == TcpAddress("gpu", 9000)
    assert parse_address("tcp://[::1]:9000") == TcpAddress("::1", 9000)


@pytest.mark.parametrize(
    "text", ["", "unix:", "tcp://host", "tcp://:1", "tcp://h:0", "tcp://h:65536", "http://h:1"]
)
def test_what_is_no_address_is_refused_with_the_form_to_use(text: str):
    with pytest.raises(ValueError, match="write unix:/path or tcp://host:port"):
        parse_address(text)
