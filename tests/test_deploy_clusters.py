"""The manifests for clusters: their form, and the command lines in them against the real options.

Nothing is downloaded, and no cluster is needed. boto3 knows the calls of AWS Batch.
"""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from botocore.session import get_session
from botocore.validate import ParamValidator
from ruamel.yaml import YAML

from sr_batch.cli import app
from sr_batch.core.shard import COUNT_VARIABLE, read_shard

FOLDER = Path(__file__).parents[1] / "deploy"
IMAGE = "registry.example.com/sr-batch"
SHARDS = 16

Options = dict[str, Any]


def yaml(name: str) -> list[Any]:
    return list(YAML(typ="safe").load_all(FOLDER / name))


def batch(name: str) -> Any:
    return json.loads((FOLDER / name).read_text())


def upscale_options(arguments: list[str]) -> Options:
    """What ``sr-batch upscale`` understands; raises for what is no option."""
    command = typer.main.get_command(app).commands["upscale"]  # type: ignore[attr-defined]
    assert arguments[0] == "upscale"
    options: Options = command.make_context("upscale", arguments[1:]).params
    return options


def container(job: Any) -> Any:
    (found,) = job["spec"]["template"]["spec"]["containers"]
    return found


def environment(found: Any) -> dict[str, str]:
    return {each["name"]: each.get("value", "") for each in found["env"]}


def dictionaries(value: Any) -> Iterator[dict[str, Any]]:
    """All dictionaries in ``value``."""
    if isinstance(value, dict):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in inner:
        yield from dictionaries(each)


def test_each_pod_of_the_kubernetes_job_takes_its_shard() -> None:
    (job,) = yaml("kubernetes-job.yaml")
    spec, found = job["spec"], container(job)
    options = upscale_options(found["args"])
    assert (options["inputs"], options["output"]) == (("s3://bucket/photos",), "s3://bucket/large")
    assert options["jobs"] == int(found["resources"]["requests"]["cpu"])
    assert (spec["completionMode"], spec["completions"]) == ("Indexed", SHARDS)
    last = environment(found) | {"JOB_COMPLETION_INDEX": str(SHARDS - 1)}
    assert last[COUNT_VARIABLE] == str(SHARDS)
    assert str(read_shard(options["shard"], last)) == f"{SHARDS}/{SHARDS}"
    assert spec["backoffLimitPerIndex"] > 0


@pytest.mark.parametrize(
    ("name", "position", "action"),
    [("kubernetes-job.yaml", 0, "FailIndex"), ("ray-cluster.yaml", 1, "FailJob")],
)
def test_what_would_fail_again_is_not_repeated(name: str, position: int, action: str) -> None:
    job = yaml(name)[position]
    evicted, hopeless = job["spec"]["podFailurePolicy"]["rules"]
    assert evicted == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}
    assert hopeless["action"] == action
    assert hopeless["onExitCodes"]["containerName"] == container(job)["name"]
    assert hopeless["onExitCodes"]["values"] == [2, 3]
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"  # the policy needs it
    assert job["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] >= 30


def test_every_container_has_an_image_resources_and_secrets_by_reference() -> None:
    documents = [*yaml("kubernetes-job.yaml"), *yaml("ray-cluster.yaml")]
    found = [each for document in documents for each in dictionaries(document) if "image" in each]
    assert [each["image"] for each in found] == [IMAGE, *[f"{IMAGE}:ray"] * 3]
    for each in found:
        assert each["resources"]["requests"]["memory"] == each["resources"]["limits"]["memory"]
        assert each["envFrom"] == [{"secretRef": {"name": "sr-batch-storage"}}]
    for document in documents:
        for each in dictionaries(document):
            if re.search("KEY|TOKEN|SECRET", str(each.get("name", ""))):
                assert "secretKeyRef" in each["valueFrom"]
                assert "value" not in each


def test_the_ray_job_uses_the_cluster_beside_it() -> None:
    cluster, job = yaml("ray-cluster.yaml")
    options = upscale_options(container(job)["args"])
    assert options["engine"] == "ray"
    ports = cluster["spec"]["headGroupSpec"]["template"]["spec"]["containers"][0]["ports"]
    assert {"containerPort": 10001, "name": "client"} in ports
    assert options["address"] == f"ray://{cluster['metadata']['name']}-head-svc:10001"
    (group,) = cluster["spec"]["workerGroupSpecs"]
    (worker,) = group["template"]["spec"]["containers"]
    assert options["worker_cpus"] == int(worker["resources"]["requests"]["cpu"])
    nodes = [cluster["spec"]["headGroupSpec"]["template"]["spec"], group["template"]["spec"]]
    settings = [environment(node["containers"][0]) for node in nodes]
    assert settings == [environment(container(job))] * 2
    assert settings[0]["RAY_AUTH_MODE"] == "token"
    assert settings[0]["RAY_USAGE_STATS_ENABLED"] == "0"


def test_a_worker_drains_before_its_pod_ends() -> None:
    (group,) = yaml("ray-cluster.yaml")[0]["spec"]["workerGroupSpecs"]
    spec = group["template"]["spec"]
    (worker,) = spec["containers"]
    *shell, script = worker["lifecycle"]["preStop"]["exec"]["command"]
    drain, pause = script.split(";")
    assert shell == ["/bin/sh", "-c"]
    assert shlex.split(drain)[:2] == ["ray", "drain-node"]
    seconds = int(shlex.split(pause)[1])
    assert shlex.split(drain)[-2:] == ["--deadline-remaining-seconds", str(seconds)]
    assert seconds < spec["terminationGracePeriodSeconds"]


def test_bash_understands_the_slurm_script_and_the_tool_its_command() -> None:
    script = FOLDER / "slurm-array.sbatch"
    subprocess.run(["bash", "-n", script], check=True)
    # srun prints its arguments, one a line, as it would pass them.
    printed = f"srun() {{ printf '%s\\n' \"$@\"; }}\n{script.read_text()}"
    command = ["bash", "-c", printed, "slurm", "s3://bucket/in", "s3://bucket/out"]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={"SLURM_CPUS_PER_TASK": "4"}
    )
    program, *arguments = done.stdout.splitlines()
    options = upscale_options(arguments)
    assert program == "sr-batch"
    assert (options["inputs"], options["output"]) == (("s3://bucket/in",), "s3://bucket/out")
    assert (options["shard"], options["jobs"]) == ("auto", 4)


def test_slurm_tells_a_task_its_shard() -> None:
    directives = dict(
        re.findall(r"^#SBATCH --([a-z-]+)=(.*)$", (FOLDER / "slurm-array.sbatch").read_text(), re.M)
    )
    first, last = directives["array"].split("-")
    task = {"ID": last, "MIN": first, "MAX": last, "COUNT": last}
    said = {f"SLURM_ARRAY_TASK_{name}": value for name, value in task.items()}
    assert str(read_shard("auto", said)) == f"{SHARDS}/{SHARDS}"
    assert directives["signal"] == "TERM@60"


def test_aws_batch_takes_the_definition_and_the_job() -> None:
    definition, job = batch("aws-batch-job-definition.json"), batch("aws-batch-submit.json")
    model = get_session().get_service_model("batch")
    for call, content in (("RegisterJobDefinition", definition), ("SubmitJob", job)):
        report = ParamValidator().validate(content, model.operation_model(call).input_shape)
        assert not report.has_errors(), report.generate_report()
    assert job["jobDefinition"] == definition["jobDefinitionName"]
    assert job["arrayProperties"] == {"size": SHARDS}


def test_the_command_of_aws_batch_is_one_of_the_tool() -> None:
    definition, job = batch("aws-batch-job-definition.json"), batch("aws-batch-submit.json")
    found = definition["containerProperties"]
    values = {f"Ref::{name}": value for name, value in job["parameters"].items()}
    options = upscale_options([values.get(each, each) for each in found["command"]])
    assert (options["inputs"], options["output"]) == (("s3://bucket/photos",), "s3://bucket/large")
    assert found["resourceRequirements"][0] == {"type": "VCPU", "value": str(options["jobs"])}
    said = {"AWS_BATCH_JOB_ARRAY_INDEX": "0", "AWS_BATCH_JOB_ARRAY_SIZE": str(SHARDS)}
    assert str(read_shard(options["shard"], said)) == f"1/{SHARDS}"
    assert found["image"] == IMAGE


def test_the_images_have_what_the_manifests_need() -> None:
    text = (FOLDER / "Dockerfile").read_text()
    extras = re.findall(r"^ARG EXTRAS=(.*)$", text, re.M)
    assert len(extras) == 2
    assert all("remote" in each.split(",") for each in extras)
    assert text.count('"sr-batch[${EXTRAS}] @') == 2
    page = (FOLDER / "ray-cluster.yaml").read_text()
    assert "--target cpu --build-arg EXTRAS=ray -t sr-batch:ray" in page


def test_the_commands_on_the_page_are_commands_of_the_tool() -> None:
    page = (FOLDER.parent / "docs" / "scale.md").read_text()
    lines = re.findall(r"^(?:\$ )?sr-batch (.*?)(?:  +#.*)?$", page, re.M)
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert {line.split()[0] for line in lines} == {"upscale", "status", "cost"}
    for line in lines:
        name, *arguments = shlex.split(line)
        assert commands[name].make_context(name, arguments).params
