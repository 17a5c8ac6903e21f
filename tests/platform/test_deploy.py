"""The files for more than one machine name things that the code really has."""

import re
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from lepton.doctor.services import QUEUES
from serving import metrics, runtimes

ROOT = Path(settings.BASE_DIR)
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
OF_OTHERS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}

ELSEWHERE = {"LEPTON_REVISION"}  # read by training/runs/manifest.py alone


class Compose(yaml.SafeLoader):
    """Reads Compose's own tags as what stands behind them."""


Compose.add_constructor("!override", lambda loader, node: loader.construct_sequence(node))


def documents(path) -> list[dict]:
    return [one for one in yaml.load_all(path.read_text(), Loader=Compose) if one]


def manifests() -> dict[tuple[str, str], dict]:
    listed = documents(KUBERNETES / "kustomization.yaml")[0]["resources"]
    files = [*listed, "gpu.yaml"]
    found = [one for name in files for one in documents(KUBERNETES / name)]
    return {(one["kind"], one["metadata"]["name"]): one for one in found}


def known_variables() -> set[str]:
    source = (ROOT / "lepton" / "settings.py").read_text()
    return set(re.findall(r'(?:env|flag)\(\s*"([A-Z0-9_]+)"', source)) | OF_OTHERS


def exported() -> set[str]:
    of_the_site = set(re.findall(r'"(lepton_[a-z_]+)"', (ROOT / "lepton/health.py").read_text()))
    names = {"lepton_inference_answers_total"}  # has no sample before the first answer
    for family in metrics.REGISTRY.collect():
        names |= {sample.name for sample in family.samples} | {family.name}
    return names | of_the_site


def container(kind, name) -> dict:
    return manifests()[kind, name]["spec"]["template"]["spec"]["containers"][0]


def test_compose_names_variables_and_volumes_that_exist():
    base, replicas = (
        documents(ROOT / "compose.yaml")[0],
        documents(DEPLOY / "compose.replicas.yaml")[0],
    )
    for service in [*base["services"].values(), *replicas["services"].values()]:
        if service.get("image") in ("lepton", None):
            assert set(service.get("environment", ())) <= known_variables()
    inference = replicas["services"]["inference"]
    assert inference["deploy"]["replicas"] == 2
    assert inference["volumes"] == ["data:/data"]
    assert "data" in base["volumes"]
    assert replicas["services"]["lepton"]["ports"] == ["8000:8000"]


def test_operations_names_every_variable_there_is_and_no_other():
    told = (ROOT / "docs/operations.md").read_text().split("## Settings")[1].split("\n## ")[0]
    named = set(re.findall(r"`([A-Z0-9_]+)`", told))
    assert known_variables() - OF_OTHERS <= named
    assert {name for name in named if name.startswith("LEPTON_")} <= known_variables() | ELSEWHERE


def test_the_image_holds_nothing_that_git_leaves_out_and_no_history_or_secrets():
    def patterns(name):
        lines = (ROOT / name).read_text().splitlines()
        return {line.removeprefix("**/").strip("/") for line in lines if line[:1] not in ("", "#")}

    assert patterns(".gitignore") | {".git", ".env*"} <= patterns(".dockerignore")


def test_nginx_shares_out_to_the_port_the_data_plane_listens_on():
    services = documents(DEPLOY / "compose.replicas.yaml")[0]["services"]
    conf = (DEPLOY / "nginx.conf").read_text()
    port = services["inference"]["command"].rpartition("--port ")[2]
    assert f"server inference:{port} resolve" in conf
    assert f"listen {port};" in conf
    assert services["lepton"]["environment"]["LEPTON_INFERENCE_BACKEND"] == f"http://nginx:{port}"
    assert conf.count("{") == conf.count("}")
    body = int(re.search(r"client_max_body_size (\d+)m", conf)[1])
    assert body * 1024**2 >= settings.LEPTON_MAX_REQUEST_BYTES


def test_kubernetes_sets_variables_that_exist():
    config = manifests()["ConfigMap", "lepton"]["data"]
    assert set(config) <= known_variables()
    made = (KUBERNETES / "kustomization.yaml").read_text()
    assert set(re.findall(r"from-literal=([A-Z0-9_]+)=", made)) <= known_variables()


def test_kubernetes_starts_probes_and_reaches_what_is_there():
    inference, site = container("Deployment", "inference"), container("Deployment", "site")
    assert inference["command"][:3] == ["python", "-m", "serving.inference"]
    port = int(inference["command"][-1])
    assert inference["ports"][0]["containerPort"] == port
    assert manifests()["Service", "inference"]["spec"]["ports"][0]["port"] == port
    backend = manifests()["ConfigMap", "lepton"]["data"]["LEPTON_INFERENCE_BACKEND"]
    assert backend == f"http://inference:{port}"
    assert site["command"] == ["python", "manage.py", "up"]
    for one in (inference, site):
        for probe in ("readinessProbe", "livenessProbe"):
            assert one[probe]["httpGet"]["path"] in ("/readyz", "/livez")


def test_kubernetes_waits_for_the_site_to_migrate_before_it_probes_further():
    probe = container("Deployment", "site")["startupProbe"]
    assert probe["httpGet"]["path"] == "/readyz"
    assert probe["failureThreshold"] * probe["periodSeconds"] >= 300


@pytest.mark.parametrize("name", ["site", "inference", "runs-gpu"])
def test_kubernetes_gives_the_owners_login_only_to_the_pod_that_migrates(name):
    given = [
        one.get("secretRef", {}).get("name") for one in container("Deployment", name)["envFrom"]
    ]
    assert "lepton" in given
    assert ("lepton-owner" in given) == (name == "site")
    made = (KUBERNETES / "kustomization.yaml").read_text()
    shared, of_the_owner = re.findall(r"generic lepton[ -].*?(?=\n# kube|\napi)", made, re.DOTALL)
    assert "OWNER" not in shared and "DATABASE_OWNER_URL" in of_the_owner


@pytest.mark.parametrize("name", ["site", "inference", "runs-gpu"])
def test_kubernetes_drains_without_root(name):
    pod = manifests()["Deployment", name]["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] >= 20  # what the supervisor gives its children
    assert pod["securityContext"]["runAsNonRoot"]
    assert f"--uid {pod['securityContext']['runAsUser']} " in (ROOT / "Dockerfile").read_text()


def test_the_gpu_worker_listens_to_a_queue_that_exists():
    command = container("Deployment", "runs-gpu")["command"]
    assert command[command.index("-Q") + 1] in QUEUES
    assert container("Deployment", "runs-gpu")["resources"]["limits"]["nvidia.com/gpu"] == 1


def test_the_patch_for_a_gpu_starts_a_runtime_that_exists_where_the_manifest_starts_another():
    (patch,) = documents(KUBERNETES / "inference-gpu.yaml")
    pod = patch["spec"]["template"]["spec"]
    (changed,) = pod["containers"]
    plain = container(patch["kind"], patch["metadata"]["name"])
    assert changed["name"] == plain["name"]
    command = changed["command"]
    assert command[command.index("--runtime") + 1] == "torch" in runtimes.RUNTIMES
    left = [word for word in command if word not in ("--runtime", "torch")]
    assert left == plain["command"]
    assert {one["name"] for one in changed["env"]} <= known_variables()
    assert changed["resources"]["limits"]["nvidia.com/gpu"] == 1
    named = (KUBERNETES / "kustomization.yaml").read_text()
    assert "path: inference-gpu.yaml" in named and "# - gpu.yaml" in named


def test_the_autoscaler_asks_for_metrics_that_are_exported_and_handed_over():
    scaler = manifests()["HorizontalPodAutoscaler", "inference"]["spec"]
    assert ("Deployment", scaler["scaleTargetRef"]["name"]) in manifests()
    (rule,) = documents(DEPLOY / "prometheus" / "adapter.yaml")[0]["rules"]
    pattern = re.search(r'__name__=~"([^"]+)"', rule["seriesQuery"])[1]
    for metric in scaler["metrics"]:
        name = metric["pods"]["metric"]["name"]
        assert name in exported()
        assert re.fullmatch(pattern, name)


def test_every_alert_is_about_metrics_that_are_exported():
    (group,) = documents(DEPLOY / "prometheus" / "alerts.yaml")[0]["groups"]
    for rule in group["rules"]:
        named = set(re.findall(r"lepton_[a-z_]+", rule["expr"]))
        assert named, rule["alert"]
        assert named <= exported(), rule["alert"]
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"]
