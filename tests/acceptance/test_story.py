"""One story, the same through every face: what is told, found, corrected, deleted, moved and erased."""

OLD = "Where I live: Lisbon, above the bakery in Rua da Graça"
NEW = "Nadia lives in Porto now"
QUESTION = "Where does Nadia live?"


def test_the_story(faces):
    here, elsewhere = faces

    home = here.add(OLD, at="2025-01-10T09:00:00Z", session="january")
    kiln = here.add("The kiln is ordered, number KX-48213", at="2025-01-11T09:00:00Z", session="january")
    assert OLD in here.search(QUESTION)
    assert here.search("KX-48213")[0] == "The kiln is ordered, number KX-48213"

    moved = here.update(home, NEW, "she moved")
    assert NEW in here.search(QUESTION)
    assert OLD not in here.search(QUESTION)
    assert OLD in here.search(QUESTION, as_of="2025-02-01")
    assert NEW not in here.search(QUESTION, as_of="2025-02-01")
    assert here.history(moved) == [("ADD", OLD, "stored as it was said"), ("UPDATE", NEW, "she moved")]
    assert here.history(home) == here.history(moved)

    assert here.delete(kiln) == "DELETE"
    assert "The kiln is ordered, number KX-48213" not in here.search("KX-48213")
    assert [op for op, _, _ in here.history(kiln)] == ["ADD", "DELETE"]

    exported = here.export()
    assert sorted(record["type"] for record in exported) == ["change", "change", "header", "memory", "memory", "memory"]
    history = here.history(moved)

    assert here.erase() == {"memories": 3, "vectors": 3, "changes": 2}
    assert here.search(QUESTION, as_of="2025-02-01") == here.search(QUESTION) == []
    assert [record["type"] for record in here.export()] == ["header"]

    assert elsewhere.import_(exported) == {"memories": 3, "changes": 2, "duplicates": 0}
    assert elsewhere.export() == exported
    assert elsewhere.history(moved) == history
    assert NEW in elsewhere.search(QUESTION)
    assert elsewhere.import_(exported)["duplicates"] == 3
    assert elsewhere.export() == exported
