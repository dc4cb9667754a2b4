"""The public surface: exactly these names, and the same verbs with and without `await`."""

import inspect
import subprocess
import sys

import pytest

import engram_core
from engram_core import AsyncEngram, Engram

SURFACE = [
    "AddManyResult",
    "AddResult",
    "AsyncEngram",
    "Bridge",
    "Change",
    "ChatModel",
    "Claim",
    "ConfigError",
    "ConflictError",
    "ConsolidateResult",
    "Context",
    "Database",
    "DeadLetter",
    "Embedder",
    "Encoded",
    "EncodedQuery",
    "Engram",
    "EngramError",
    "EraseReceipt",
    "ExpireResult",
    "Group",
    "Hit",
    "ImportResult",
    "InvalidInputError",
    "InvalidOutputError",
    "Memory",
    "Message",
    "Migration",
    "MissingExtraError",
    "NotFoundError",
    "Op",
    "Page",
    "ProcessedTurn",
    "ProviderError",
    "ProviderUnavailableError",
    "Queue",
    "Ranked",
    "Ranker",
    "RateLimitedError",
    "Reading",
    "Recall",
    "Reply",
    "SchemaMismatchError",
    "Scope",
    "Settings",
    "Space",
    "StoreError",
    "StoreUnavailableError",
    "TokenCounter",
    "Training",
    "Tuning",
    "Usage",
    "Weights",
    "__version__",
    "build_chat_model",
    "build_database",
    "build_embedder",
    "build_ranker",
    "clean_characters",
    "fit_ranker",
    "load_migrations",
    "load_queries",
    "read_context",
    "recalls_by_fold",
]
VERBS = [
    "add",
    "add_many",
    "close",
    "consolidate",
    "context",
    "dead_letters",
    "delete",
    "delete_all",
    "erase",
    "expire",
    "export",
    "feedback",
    "for_tenant",
    "get",
    "get_all",
    "history",
    "import_",
    "open",
    "process_turn",
    "queue",
    "reembed",
    "replay",
    "search",
    "train_ranker",
    "tune_ranker",
    "undo",
    "update",
    "usage",
    "work",
]


def public(face):
    return sorted(name for name, value in inspect.getmembers(face, callable) if not name.startswith("_"))


def properties(face):
    found = inspect.getmembers(face, lambda value: isinstance(value, property))
    return {name: inspect.getdoc(value) for name, value in found if not name.startswith("_")}


def test_the_front_door_has_these_names_in_order():
    assert engram_core.__all__ == SURFACE == sorted(SURFACE)


@pytest.mark.parametrize("name", SURFACE)
def test_each_name_is_there_and_documented(name):
    value = getattr(engram_core, name)
    assert name in dir(engram_core)
    assert isinstance(value, str) or value.__doc__


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="Engrams"):
        engram_core.Engrams  # noqa: B018


def test_every_public_error_is_exported():
    errors = {
        name
        for name, value in vars(engram_core.errors).items()
        if inspect.isclass(value) and issubclass(value, Exception)
    }
    assert errors <= set(SURFACE)


def test_importing_the_package_loads_no_more_than_it_must():
    heavy = ("numpy", "pydantic", "asyncpg", "onnxruntime", "rich", "typer")
    code = f"import sys, engram_core; print([name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("face", [Engram, AsyncEngram])
def test_both_faces_have_these_verbs(face):
    assert public(face) == VERBS


def test_both_faces_have_these_properties():
    assert properties(Engram) == properties(AsyncEngram)
    assert properties(Engram).keys() == {"settings", "tenant"}


@pytest.mark.parametrize("verb", [*VERBS, "__init__"])
def test_the_twins_take_the_same(verb):
    def shape(face):
        parameters = inspect.signature(getattr(face, verb)).parameters.values()
        return [(each.name, each.kind, each.default, str(each.annotation)) for each in parameters]

    assert shape(Engram) == shape(AsyncEngram)


@pytest.mark.parametrize("verb", sorted(set(VERBS) - {"open"}))
def test_the_twins_say_the_same(verb):
    assert inspect.getdoc(getattr(Engram, verb)) == inspect.getdoc(getattr(AsyncEngram, verb))
