import pytest

from llmtui.providers.locality import host_type


@pytest.mark.parametrize(
    ("base_url", "where"),
    [
        ("", "cloud"),
        ("http://localhost:8080/v1", "local"),
        ("http://127.0.0.1", "local"),
        ("http://[::1]:11434", "local"),
        ("http://192.168.1.20/v1", "local"),
        ("http://10.1.2.3", "local"),
        ("http://gpu-box:11434", "local"),
        ("gpu-box:11434", "local"),
        ("http://server.lan", "local"),
        ("http://Studio.LOCAL:1234", "local"),
        ("https://api.openai.com/v1", "cloud"),
        ("api.openai.com/v1", "cloud"),
        ("http://8.8.8.8", "cloud"),
        ("https://localhost.example.com", "cloud"),
        ("http://[2606:4700::1111]", "cloud"),
        ("http://[::1", "cloud"),
        ("https://user:pass@127.0.0.1.example.org/", "cloud"),
    ],
)
def test_where_text_goes(base_url: str, where: str) -> None:
    assert host_type(base_url) == where
