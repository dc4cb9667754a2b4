"""Settings: keywords before the environment, and what a person is shown of them."""

from pathlib import Path

import pytest

from engram_core import ConfigError
from engram_core.config import explain, load_settings

URL = "postgresql://me:s3cret@db.example/mine"


def test_a_keyword_wins_over_the_environment(monkeypatch):
    monkeypatch.setenv("ENGRAM_TENANT", "acme")
    assert load_settings().tenant == "acme"
    assert load_settings(tenant="globex").tenant == "globex"


def test_an_own_name_wins_over_one_that_others_chose(monkeypatch):
    monkeypatch.setenv("OLLAMA_HOST", "theirs")
    assert load_settings().ollama_host == "theirs"
    monkeypatch.setenv("ENGRAM_OLLAMA_HOST", "ours")
    assert load_settings().ollama_host == "ours"


def test_who_names_a_folder_means_that_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("ENGRAM_DATABASE_URL", URL)
    assert load_settings().database_url.get_secret_value() == URL
    chosen = load_settings(data_dir=tmp_path)
    assert (chosen.data_dir, chosen.database_url) == (Path(tmp_path), None)
    assert load_settings(data_dir=tmp_path, database_url="memory://").database_url.get_secret_value() == "memory://"


@pytest.mark.parametrize(("name", "value"), [("POOL_SIZE", "1"), ("POSTGRES_VERSION", "17"), ("START_TIMEOUT", "0")])
def test_a_value_that_cannot_be_used_is_named(monkeypatch, name, value):
    monkeypatch.setenv(f"ENGRAM_{name}", value)
    with pytest.raises(ConfigError, match=f"ENGRAM_{name}"):
        load_settings()


def test_no_secret_is_shown(monkeypatch):
    monkeypatch.setenv("ENGRAM_DATABASE_URL", URL)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-s3cret")
    monkeypatch.setenv("OLLAMA_HOST", "http://me:s3cret@models.example:11434")
    settings = load_settings()
    shown = {row.name: (row.value, row.source) for row in explain(settings)}
    assert shown["database_url"] == ("postgresql://db.example/mine", "ENGRAM_DATABASE_URL")
    assert shown["ollama_host"] == ("http://models.example:11434", "OLLAMA_HOST")
    assert shown["tenant"] == ("default", "default")
    assert "s3cret" not in repr(settings.database_url) + repr(settings.openai_api_key) + str(shown)
