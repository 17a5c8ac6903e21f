"""Imports as tests need them: started by the service, carried out by a worker in this process."""

import io

from accounts.scoping import tenant_scope
from training import leases
from training.datasets import importer, services, uploads
from training.models import Dataset, Import, ImportRow


def start(tenant, engagement, by, data, *, name="pictures.zip", splits=None):
    """Upload bytes and start their import into the engagement's first dataset."""
    splits_file = io.BytesIO(splits.encode()) if splits is not None else None
    upload = uploads.receive(io.BytesIO(data), name=name, tenant=tenant, splits_file=splits_file)
    with tenant_scope(tenant):
        dataset = services.first_dataset(engagement, by=by)
        return services.start_import(dataset, upload=upload, by=by)


def work():
    """Be the worker until nothing is left to import."""
    return leases.work_off("import", importer.carry_out)


def run(tenant, engagement, by, data, **options):
    """Import bytes to the end; returns the import as it is then."""
    import_ = start(tenant, engagement, by, data, **options)
    work()
    return again(tenant, import_)


def again(tenant, import_):
    with tenant_scope(tenant):
        return Import.objects.select_related("dataset").get(pk=import_.pk)


def rows(tenant, import_) -> dict[str, ImportRow]:
    """The rows of an import by path."""
    with tenant_scope(tenant):
        found = ImportRow.objects.filter(parent=import_).order_by("position")
        return {row.path: row for row in found}


def items(tenant) -> dict[str, tuple[str, str, str]]:
    """All items of the tenant: label, split and group by path."""
    with tenant_scope(tenant):
        return {
            item.path: (item.label, item.split, item.group)
            for dataset in Dataset.objects.all()
            for item in dataset.items.all()
        }
