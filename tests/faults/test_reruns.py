"""A worker that is killed while an executor is at work: the rerun still happens once."""

import pytest

from tests.faults.homes import Home, wait_until
from tests.interfaces.api import Api
from tests.interfaces.executor import executor
from tests.interfaces.rest.test_rerun_attempts import attempts, failed_step, rerun, status
from tests.serving import wait_until_healthy

pytestmark = pytest.mark.xdist_group("faults")


def test_a_worker_that_is_killed_in_the_middle_leaves_the_rerun_to_another(home: Home) -> None:
    served = home.start()
    wait_until_healthy(served)
    with executor("hang", 200) as outside:
        with served.client() as client:
            api = Api(client)
            step = failed_step(api, outside.url, timeout_seconds=60)
            step_run = rerun(api, step)
            wait_until(lambda: len(outside.asked) == 1, "the executor being asked")
        served.process.kill()
        served.process.wait()
        wait_until(lambda: not home.annals(), "no worker outlives its supervisor")
        served = home.start()
        wait_until_healthy(served)
        with served.client() as client:
            api = Api(client)
            wait_until(lambda: status(api, step_run) == "success", "a step run that succeeded")
            made = attempts(api, step["run_id"])
            steps = api.run(step["run_id"])["steps"]

    assert made == [
        ("RerunAttemptBegan", 1, None),
        ("RerunAttemptBegan", 1, None),
        ("RerunAttemptSucceeded", 1, None),
    ]
    assert outside.keys == [f"step-run-{step_run}"] * 2
    assert [shown["status"] for shown in steps] == ["failed", "success"]
