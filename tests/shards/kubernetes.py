"""Runs the commands of examples/shards/kubernetes.yaml as its pods would, in a workspace: kubernetes.py DIRECTORY"""

import os
import pathlib
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(job, variables):
    (container,) = job["spec"]["template"]["spec"]["containers"]
    places = {"/workspace": os.getcwd(), "/shards": os.path.join(os.getcwd(), "shards")}
    for mount in container["volumeMounts"]:
        assert mount["mountPath"] in places, mount
    command = container["command"] + container["args"]
    command = [part.replace("/shards/", places["/shards"] + "/") for part in command]
    assert container["workingDir"] == "/workspace"
    subprocess.run(command, check=True, env=os.environ | variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main():
    shards, merge = yaml.safe_load_all((ROOT / "examples/shards/kubernetes.yaml").read_text())
    spec = shards["spec"]
    assert spec["completionMode"] == "Indexed" and spec["backoffLimitPerIndex"] == 2
    for index in reversed(range(spec["completions"])):
        run(shards, {"JOB_COMPLETION_INDEX": str(index)})
    run(merge, {})


if __name__ == "__main__":
    sys.exit(main())
