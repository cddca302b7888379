"""`Processes`: what becomes of jobs, in which order they begin, and that none is left behind."""

import os
import subprocess
import sys
import time
from contextlib import closing

import numpy as np
import pytest

from boda.models import engine
from boda.training.executor import Processes, Work


@pytest.fixture
def work(tmp_path):
    """A job that runs a line of Python in the test's folder."""

    def make(name, script, threads=1):
        script = f"import os, signal, sys, time; os.chdir({str(tmp_path)!r}); {script}"
        return Work(name=name, arguments=("-c", script), log=tmp_path / f"{name}.txt", threads=threads)

    return make


def failures(jobs, workers=2):
    return {ended.work.name: ended.failure for ended in Processes(workers).map(iter(jobs))}


def wait_for(fact):
    for _ in range(600):
        if fact():
            return True
        time.sleep(0.05)
    return False


def is_alive(pid):
    return subprocess.run(["ps", "-p", str(pid), "-o", "stat="], capture_output=True, check=False, text=True).stdout


def test_a_job_that_ends_well_has_no_failure(work):
    assert failures([work("one", "pass")]) == {"one": None}


def test_no_jobs_end_at_once():
    assert failures([]) == {}


def test_the_last_line_that_a_job_wrote_is_the_reason_of_its_failure(work):
    assert failures([work("one", "raise ValueError('no such thing')")]) == {"one": "ValueError: no such thing"}


def test_a_silent_failure_is_told_by_its_exit_code(work):
    assert failures([work("one", "sys.exit(3)")]) == {"one": "ended with exit code 3"}


def test_a_job_that_the_system_kills_fails_alone(work):
    killed = work("killed", "os.kill(os.getpid(), signal.SIGKILL)")

    found = failures([killed, work("other", "pass")])

    assert "want of memory" in found["killed"]
    assert found["other"] is None


def test_one_worker_runs_one_job_at_a_time(work):
    first = work("first", "time.sleep(0.2); open('done', 'w').close()")
    second = work("second", "sys.exit(0 if os.path.exists('done') else 'too early')")

    assert failures([first, second], workers=1) == {"first": None, "second": None}


def test_a_job_that_wants_all_threads_runs_alone(work):
    wide = work("wide", "time.sleep(0.2); open('done', 'w').close()", threads=2)
    other = work("other", "sys.exit(0 if os.path.exists('done') else 'too early')")

    assert failures([wide, other]) == {"wide": None, "other": None}


def test_the_next_job_is_asked_for_only_when_there_is_room(work):
    ended = []

    def jobs():
        yield work("first", "pass")
        assert ended == ["first"]
        yield work("second", "pass")

    for one in Processes(1).map(jobs()):
        ended.append(one.work.name)  # noqa: PERF401 - the jobs look into it meanwhile

    assert ended == ["first", "second"]


def test_a_source_that_gives_none_is_asked_again_when_a_job_has_ended(work):
    ended = []

    def jobs():
        yield work("first", "time.sleep(0.2)")
        while not ended:
            yield None
        yield work("second", "pass")

    for one in Processes(2).map(jobs()):
        ended.append(one.work.name)  # noqa: PERF401 - the jobs look into it meanwhile

    assert ended == ["first", "second"]


def test_a_job_is_told_how_many_threads_it_may_use(work):
    told = "sys.exit(' '.join(map(os.environ.get, ('OMP_NUM_THREADS', 'TF_NUM_INTRAOP_THREADS', 'BODA_THREADS'))))"

    assert failures([work("one", told, threads=2)]) == {"one": "2 2 2"}


def test_a_network_takes_as_many_threads_as_its_process_may(tmp_path, monkeypatch):
    import openvino

    ops = openvino.opset13
    image = ops.parameter([-1, 4, 4, 3], np.float32, name="image")
    model = openvino.Model([ops.result(ops.relu(image))], [image])
    model.output(0).tensor.set_names({"pooled"})
    openvino.save_model(model, tmp_path / "tiny.xml", compress_to_fp16=False)
    monkeypatch.setenv("BODA_THREADS", "1")

    network = engine.Network(tmp_path / "tiny.xml", dtype="float32")

    assert network._compiled.get_property("INFERENCE_NUM_THREADS") == 1


def test_no_job_is_left_running_when_the_iteration_is_given_up(work, tmp_path):
    endless = work("endless", "open('pid', 'w').write(str(os.getpid())); time.sleep(600)")

    with closing(Processes(2).map(iter([endless, work("short", "time.sleep(0.5)")]))) as ended:
        assert next(ended).work.name == "short"
        assert wait_for(lambda: (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text())
    pid = int((tmp_path / "pid").read_text())

    assert not is_alive(pid)


def test_a_job_that_ignores_the_request_to_end_is_killed(work, tmp_path, monkeypatch):
    monkeypatch.setattr("boda.training.executor.PATIENCE", 0.2)
    stubborn = "signal.signal(signal.SIGTERM, signal.SIG_IGN); open('pid', 'w').write(str(os.getpid()))"

    with closing(
        Processes(2).map(iter([work("stubborn", f"{stubborn}; time.sleep(600)"), work("short", "")]))
    ) as ended:
        next(ended)
        assert wait_for(lambda: (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text())
    pid = int((tmp_path / "pid").read_text())

    assert not is_alive(pid)


def test_a_rung_leaves_when_its_parent_is_gone():
    script = "import time; from boda.training.rung import _end_with_parent; _end_with_parent(); time.sleep(600)"
    child = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, env=dict(os.environ))

    child.stdin.close()  # what the system does when the parent is killed

    assert child.wait(60) == 1
