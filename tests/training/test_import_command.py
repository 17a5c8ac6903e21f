"""manage.py import_dataset: a zip or a folder from the command line."""

import pytest
from django.core.management import CommandError, call_command

from accounts.scoping import tenant_scope
from tests import factories
from tests.training import imports
from tests.training.zips import two_classes, zipped
from training.models import Dataset, Import

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


@pytest.fixture
def folder(tmp_path):
    for name, data in two_classes(3).items():
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_bytes(data)
    return tmp_path / "set"


def test_a_folder_is_imported_with_its_splits(acme, engagement, folder, tmp_path):
    splits = tmp_path / "splits.csv"
    splits.write_text("file,split\nok/0.png,test\n")
    call_command("import_dataset", "acme", engagement.name, folder, splits=splits)
    imports.work()
    assert len(imports.items(acme)) == 6
    assert imports.items(acme)["ok/0.png"] == ("ok", "test", "")


def test_a_zip_goes_into_the_dataset_that_is_named_in_somebodys_name(
    acme, alice, engagement, tmp_path
):
    archive = tmp_path / "set.zip"
    archive.write_bytes(zipped(two_classes(2)))
    for _time in range(2):
        call_command(
            "import_dataset", "acme", str(engagement.pk), archive, dataset="Line 2", by=alice.email
        )
    with tenant_scope(acme):
        assert Dataset.objects.get().name == "Line 2"
        assert {i.created_by_label for i in Import.objects.all()} == {"Alice"}


def test_waiting_says_what_became_of_the_files(acme, engagement, folder, capsys, monkeypatch):
    from training.management.commands import import_dataset

    monkeypatch.setattr(import_dataset.time, "sleep", lambda _seconds: imports.work())
    (folder / "ok" / "notes.txt").write_text("x")
    call_command("import_dataset", "acme", engagement.name, folder, wait=True)
    said = capsys.readouterr().out
    assert "6  Accepted" in said and "1  Unreadable" in said


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["umbrella", "Surface inspection", "set"], "no tenant “umbrella”"),
        (["acme", "Tea tasting", "set"], "no engagement “Tea tasting”"),
        (["acme", "Surface inspection", "nothing.zip"], "No such file"),
        (["acme", "Surface inspection", "text.zip"], "“text.zip” is not a zip archive"),
    ],
)
def test_mistakes_are_named(acme, engagement, folder, tmp_path, arguments, words):
    (tmp_path / "text.zip").write_text("hello")
    *names, path = arguments
    with pytest.raises(CommandError, match=words):
        call_command("import_dataset", *names, tmp_path / path)
    with tenant_scope(acme):
        assert not Import.objects.exists()
