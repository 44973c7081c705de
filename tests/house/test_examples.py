# SPDX-License-Identifier: BSD-3-Clause
"""Examples run and print what is true; the README's C code is the example."""
import os
import re
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(path):
    with open(os.path.join(ROOT, path)) as f:
        return f.read()


def test_steady_state():
    text = subprocess.run([os.environ["EXAMPLE"]], check=True, stdout=subprocess.PIPE,
                          text=True).stdout
    m, sigma = map(float, re.findall(r"\d\.\d+", text))
    assert abs(m - 0.724682702506793) < 1e-10 and abs(sigma - 0.12905203226045494) < 1e-10


def test_readme_shows_the_example():
    shown = re.search(r"```c\n(.*?)```", read("README.md"), flags=re.S).group(1)
    assert shown in read("examples/steady_state.c")


def test_readme_commands_run(tmp_path):
    commands = re.findall(r"^    (build/kinising .*)$", read("README.md"), flags=re.M)
    assert len(commands) >= 6
    for command in commands:
        command = command.replace("build/kinising ", os.environ["KINISING"] + " ")
        done = subprocess.run(command, shell=True, cwd=tmp_path, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
        if ("--plot" in command or ".png" in command) and "gnuplot" in done.stderr and done.returncode == 1:
            continue
        assert done.returncode == 0, (command, done.stderr)


@pytest.mark.parametrize("who", ["physicist", "neuroscientist"])
def test_tutorials_run(who, tmp_path):
    commands = re.findall(r"^\$ kinising (.*)$", read("docs/manual/tutorial_%s.md" % who), flags=re.M)
    assert len(commands) >= 6
    for command in commands:
        done = subprocess.run(os.environ["KINISING"] + " " + command, shell=True, cwd=tmp_path, capture_output=True, text=True)
        if "gnuplot" in done.stderr and done.returncode == 1: # it draws, and is not here: what else it makes is made
            command = re.sub(r" --(plot|report) \S+", "", command)
            done = subprocess.run(os.environ["KINISING"] + " " + command, shell=True, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode in (0, 3), (command, done.stderr)


def sbatch(folder, **env):
    """examples/simulate.sbatch with a small study, and an srun that only shows what it was asked for."""
    (folder / "kinising").unlink(missing_ok=True)
    os.symlink(os.environ["KINISING"], folder / "kinising")
    (folder / "srun").write_text('#!/bin/sh\necho "$@"\n')
    (folder / "srun").chmod(0o755)
    env = dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}", **env)
    return subprocess.run(["sh", os.path.join(ROOT, "examples", "simulate.sbatch")], env=env, cwd=folder,
                          check=True, stdout=subprocess.PIPE, text=True).stdout


def test_slurm_script(tmp_path):
    study = "--N 10 --realizations 20 --steps 5"
    for k in (1, 2):
        sbatch(tmp_path, STUDY=study, SLURM_ARRAY_TASK_ID=str(k), SLURM_ARRAY_TASK_COUNT="2")
    subprocess.run([os.environ["KINISING"], "merge", "part1.npz", "part2.npz"], cwd=tmp_path, check=True,
                   stdout=subprocess.PIPE)
    text = sbatch(tmp_path, STUDY=study, SLURM_CPUS_PER_TASK="3")
    assert text == f"kinising-mpi simulate {study} --threads 3 --checkpoint study.ck -o study.npz\n"
