"""What is odd about a working set: found at the import, shown, and kept out of the test."""

import io
from dataclasses import replace

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from PIL import Image, ImageFilter, ImageOps

from accounts.scoping import tenant_scope
from tests import factories
from tests.training import imports, made_of
from tests.training.zips import picture, two_classes, zipped
from training import leases, runner, shutdown
from training.datasets import alike, duplicates, health, importer, looks, versions
from training.datasets import services as import_services
from training.engine.suspects import Suspect
from training.models import Dataset, Import, Item, LabelSuspect, NearDuplicate, Run
from training.models import Image as Stored
from training.runs import services

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def engagement(acme, alice):
    return factories.engagement(acme, alice)


def scene(seed, side=96):
    """A picture with large shapes, as photographs have."""
    noise = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC)


def saved(image, format="PNG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def scenes(each=6, **more) -> dict[str, bytes]:
    files = {
        f"{split}/{label}/{n}.png": saved(scene(1000 * i + 100 * j + n))
        for i, split in enumerate(["train", "test"])
        for j, label in enumerate(["ok", "scratch"])
        for n in range(each)
    }
    return files | more


def freeze(tenant, by, **options):
    with tenant_scope(tenant):
        return versions.freeze_version(Dataset.objects.get(), by=by, **options)


def compared(prints, new):
    """The pairs among prints in memory."""
    return list(alike.pairs(lambda rows: prints[rows], np.isin(np.arange(len(prints)), new)))


def test_the_same_picture_is_alike_however_it_was_saved_and_others_are_not():
    first = scene(1)
    others = [first.resize((64, 64)), ImageOps.mirror(first), scene(2), Image.new("RGB", (50, 50))]
    prints = [
        np.asarray(one.convert("L").resize((32, 32), Image.Resampling.BOX))
        for one in (first, *others)
    ]
    found = compared(np.stack(prints), range(5))
    assert {(one.first, one.second) for one in found} >= {(0, 1), (0, 2)}
    assert {one.is_mirrored for one in found if one.second == 2 and one.first == 0} == {True}
    assert not any(3 in pair[:2] or 4 in pair[:2] for pair in found)


def test_the_pairs_are_the_same_however_many_prints_are_compared_at_once(monkeypatch):
    drawn = np.random.default_rng(0)
    kinds = drawn.integers(0, 256, (6, 32, 32))
    rows = kinds[drawn.integers(0, 6, 40)] + drawn.normal(0, 4, (40, 32, 32))
    rows[::3] = rows[::3, :, ::-1]
    prints = rows.clip(0, 255).astype(np.uint8)
    new = np.arange(10, 40, 2)
    at_once = compared(prints, new)
    straight = np.corrcoef(prints.reshape(40, -1))
    mirrored = np.corrcoef(prints.reshape(40, -1), prints[:, :, ::-1].reshape(40, -1))[:40, 40:]
    similar = np.maximum(straight, mirrored)
    for pair in at_once:
        assert pair.similarity == pytest.approx(similar[pair.first, pair.second], abs=1e-5)
        assert pair.is_mirrored == (mirrored > straight)[pair.first, pair.second]
    for row in new:
        theirs = [
            other
            for other in range(40)
            if similar[row, other] >= alike.ALIKE and not (other in new and other <= row)
        ]
        found = [sum(pair[:2]) - row for pair in at_once if row in pair[:2]]
        best = sorted(theirs, key=lambda other: -similar[row, other])[: alike.MOST_EACH]
        assert set(best) <= set(found)
    monkeypatch.setattr(alike, "NEW_AT_ONCE", 4)
    monkeypatch.setattr(alike, "OTHERS_AT_ONCE", 7)
    in_parts = compared(prints, new)
    assert {pair[:2] for pair in in_parts} == {pair[:2] for pair in at_once}
    assert len(at_once) > len(new)


def test_what_came_before_a_cancel_is_compared_too(acme, alice, engagement, monkeypatch):
    copies = {
        f"ok/copy{n}.jpg": saved(scene(n).resize((70, 70)), "JPEG", quality=85) for n in range(2)
    }
    originals = {f"ok/{n}.png": saved(scene(n)) for n in range(9)}
    waiting = imports.start(acme, engagement, alice, zipped(copies | originals))
    monkeypatch.setattr(importer, "BATCH", 4)
    look = importer.examine

    def cancelled_meanwhile(entries, *arguments, **options):
        with tenant_scope(acme):
            import_services.cancel_import(waiting, by=alice)
        return look(entries, *arguments, **options)

    monkeypatch.setattr(importer, "examine", cancelled_meanwhile)
    imports.work()
    assert imports.again(acme, waiting).state == "cancelled"
    with tenant_scope(acme):
        assert NearDuplicate.objects.count() == 2


def test_what_an_import_brought_before_it_failed_is_compared_with_the_next(
    acme, alice, engagement, monkeypatch
):
    """Crash after crash in the comparison itself: the images are there, their pairs are not."""
    copy = saved(scene(0).resize((70, 70)), "JPEG", quality=85)
    both = zipped({"ok/0.png": saved(scene(0)), "ok/copy.jpg": copy, "ok/1.png": saved(scene(1))})
    with monkeypatch.context() as broken:
        broken.setattr(duplicates, "note", lambda *arguments, **options: None)
        first = imports.run(acme, engagement, alice, both)
    with tenant_scope(acme):
        Import.objects.filter(pk=first.pk).update(state=Import.State.FAILED)
    imports.run(acme, engagement, alice, zipped({"ok/2.png": saved(scene(2))}))
    with tenant_scope(acme):
        assert NearDuplicate.objects.count() == 1
        assert Import.objects.filter(compared_at=None).count() == 0
        NearDuplicate.objects.all().delete()
    imports.run(acme, engagement, alice, zipped({"ok/3.png": saved(scene(3))}))
    with tenant_scope(acme):
        assert NearDuplicate.objects.count() == 0  # once is enough


def test_a_worker_that_shuts_down_while_it_compares_leaves_it_to_the_next(
    acme, alice, engagement, monkeypatch
):
    copy = saved(scene(0).resize((70, 70)), "JPEG", quality=85)
    both = zipped({"ok/0.png": saved(scene(0)), "ok/copy.jpg": copy})
    waiting, read, reads = imports.start(acme, engagement, alice, both), duplicates._prints_of, []

    def noted(keys):
        reads.append(keys)
        return read(keys)

    monkeypatch.setattr(duplicates, "_prints_of", noted)
    with monkeypatch.context() as leaving:
        leaving.setattr(shutdown, "asked", lambda: bool(reads))
        imports.work()
    assert not imports.again(acme, waiting).has_ended and len(reads) == 1
    imports.work()
    assert imports.again(acme, waiting).state == "succeeded"
    with tenant_scope(acme):
        assert NearDuplicate.objects.count() == 1


def test_sharpness_falls_with_blur_and_brightness_is_the_mean_grey():
    sharp = np.asarray(Image.open(io.BytesIO(picture(3, size=(200, 200)))))
    blurred = np.asarray(Image.fromarray(sharp).filter(ImageFilter.GaussianBlur(6)))
    assert looks.measure(blurred).sharpness < 0.1 * looks.measure(sharp).sharpness
    assert looks.measure(np.full((50, 50, 3), 51, np.uint8)).brightness == pytest.approx(0.2)


def test_alike_images_in_given_splits_block_the_freeze_and_are_named(acme, alice, engagement):
    copy = saved(scene(0).resize((80, 80)), "JPEG", quality=80)
    imports.run(acme, engagement, alice, zipped(scenes(**{"test/ok/copy.jpg": copy})))
    with pytest.raises(ValidationError, match="1 pair of images shows the same") as refused:
        freeze(acme, alice)
    said = str(refused.value)
    assert "train/ok/0.png" in said and "test/ok/copy.jpg" in said
    version = freeze(acme, alice, duplicates_waiver="Two shots of one plate, both real.")
    assert version.duplicates_across == 1 and version.duplicates_waiver.startswith("Two shots")


def test_alike_images_are_dealt_to_one_split(acme, alice, engagement):
    files = {
        f"{label}/{n}.png": saved(scene(50 * j + n))
        for j, label in enumerate(["ok", "scratch"])
        for n in range(10)
    }
    copies = {
        f"ok/copy{n}.jpg": saved(scene(n).resize((70, 70)), "JPEG", quality=85) for n in range(5)
    }
    imports.run(acme, engagement, alice, zipped(files | copies))
    for seed in range(3):
        version = freeze(acme, alice, seed=seed)
        with tenant_scope(acme):
            splits = dict(version.items.values_list("path", "split"))
            assert NearDuplicate.objects.count() == 5
        assert all(splits[f"ok/{n}.png"] == splits[f"ok/copy{n}.jpg"] for n in range(5))


def test_an_excluded_copy_no_longer_blocks(acme, alice, engagement, browse):
    copy = saved(scene(0).resize((80, 80)), "JPEG", quality=80)
    imports.run(acme, engagement, alice, zipped(scenes(**{"test/ok/copy.jpg": copy})))
    with tenant_scope(acme):
        dataset, item = Dataset.objects.get(), Item.objects.get(path="test/ok/copy.jpg")
    page = f"/t/acme/e/{engagement.pk}/data/{dataset.pk}/"
    shown = browse(alice).get(f"{page}gallery/?show=alike").content.decode()
    assert shown.count("<img") == 2
    browse(alice).post(f"{page}change/", {"ids": [item.pk], "act": "exclude"})
    assert freeze(acme, alice).images == 24
    assert "copy.jpg" in browse(alice).get(f"{page}gallery/?show=excluded").content.decode()


def test_a_dark_and_a_blurred_image_stand_out(acme, alice, engagement, browse):
    files = two_classes(15) | {
        "ok/night.png": saved(Image.open(io.BytesIO(picture(900))).point(lambda v: v // 9)),
        "ok/soft.png": saved(
            Image.open(io.BytesIO(picture(901))).filter(ImageFilter.GaussianBlur(5))
        ),
    }
    imports.run(acme, engagement, alice, zipped(files))
    with tenant_scope(acme):
        dataset = Dataset.objects.get()
        found = {w: [i.path for i in health.showing(dataset, w)] for w in ("dark", "blurred")}
    assert found["dark"] == ["ok/night.png"]
    assert "ok/soft.png" in found["blurred"]
    page = browse(alice).get(f"/t/acme/e/{engagement.pk}/data/").content.decode()
    assert "Much darker than the rest" in page
    answer = browse(alice).get(f"/api/v1/tenants/acme/datasets/{dataset.pk}/health").json()
    assert answer["odd"]["dark"] == 1 and answer["unmeasured"] == 0


def test_what_came_in_before_looks_were_measured_is_said(acme, alice, engagement):
    imports.run(acme, engagement, alice, zipped(two_classes(4)))
    with tenant_scope(acme):
        Stored.objects.update(brightness=None, sharpness=None, thumbprint=None)
        found = health.look(Dataset.objects.get())
    assert found["unmeasured"] == 8 and found["odd"]["dark"] == 0


@pytest.fixture
def doubted(acme, alice, engagement, settings, tmp_path, monkeypatch):
    """A finished run that doubts the first training label; returns (item, dataset)."""
    settings.LEPTON_HOME = tmp_path
    trained = runner.Attempt._train

    def doubting(self, *arguments):
        return replace(trained(self, *arguments), suspects=[Suspect(0, 1, -0.9)])

    monkeypatch.setattr(runner.Attempt, "_train", doubting)
    with tenant_scope(acme):
        version = made_of.dataset_version(engagement, alice)
        row = version.items.filter(split="train", label="ok").order_by("image__sha256").first()
        for one in version.items.select_related("image"):
            Item.objects.create(
                dataset=version.dataset, image=one.image, path=one.path, label=one.label
            )
        params = {"epochs": 1, "batch_size": 4}
        chosen = {"method": "fine_tune", "backbone": "lepton_small", "params": params}
        services.start_run(engagement, dataset_version=version, by=alice, **chosen)
    leases.work_off("run", runner.carry_out)
    with tenant_scope(acme):
        Run.objects.update(method="linear_probe")  # the only method that cross-validates
        suspect = LabelSuspect.objects.get()
        del row
        return version.dataset.items.get(image=suspect.image_id), version.dataset


def test_a_doubted_label_is_shown_and_relabelling_or_checking_settles_it(
    acme, alice, engagement, doubted, browse
):
    item, dataset = doubted
    page = f"/t/acme/e/{engagement.pk}/data/{dataset.pk}/"
    shown = browse(alice).get(f"{page}gallery/?show=suspects").content.decode()
    other = next(label for label in made_of.CLASSES if label != item.label)
    assert item.path in shown and f"rather “{other}”" in shown
    browse(alice).post(f"{page}change/", {"ids": [item.pk], "act": "check", "show": "suspects"})
    assert item.path not in browse(alice).get(f"{page}gallery/?show=suspects").content.decode()
    with tenant_scope(acme):
        Item.objects.update(label_checked_at=None)
    form = {"ids": [item.pk], "act": "relabel", "to_label": other}
    browse(alice).post(f"{page}change/", form)
    with tenant_scope(acme):
        assert Item.objects.get(pk=item.pk).label == other
        assert not health.showing(dataset, "suspects").exists()
