"""Runs the commands of examples/shards/github.yml as its runners would, in a workspace: github.py DIRECTORY"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(job, values):
    """Runs the steps of a job that call invoicer, with what stands in ${{ }} in their place."""
    steps = [step["run"] for step in job["steps"] if step.get("run", "").startswith("invoicer ")]
    (command,) = [re.sub(r"\$\{\{ (.*?) \}\}", lambda found: values[found[1]], step) for step in steps]
    env = os.environ | {"MONTH": "202208"}
    subprocess.run(["bash", "-e", "-c", command], check=True, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main():
    jobs = yaml.safe_load((ROOT / "examples/shards/github.yml").read_text())["jobs"]
    shards = jobs["shard"]["strategy"]["matrix"]["shard"]
    for shard in shards:
        run(jobs["shard"], {"matrix.shard": str(shard), "strategy.job-total": str(len(shards))})
        # The artifact: what is in `path` goes to a directory of the artifact's name.
        shutil.move("shard", f"shards/shard-{shard}")
    run(jobs["merge"], {})


if __name__ == "__main__":
    sys.exit(main())
