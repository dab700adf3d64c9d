import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jamtui.errors import LinkError
from jamtui.processes.lock import InstanceLock, band_is_running

HOLD = (
    "import sys, time; from pathlib import Path; from jamtui.processes.lock import InstanceLock; "
    "lock = InstanceLock(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
)


def test_one_band_at_a_time_and_a_death_frees_the_lock(tmp_path: Path) -> None:
    assert not band_is_running(tmp_path)
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == b"held"
    assert band_is_running(tmp_path)
    with pytest.raises(LinkError, match=r"already running.*jamtui attach.*jamtui stop"):
        InstanceLock(tmp_path)
    holder.kill()
    holder.wait()
    holder.stdout.close()
    assert not band_is_running(tmp_path)
    lock = InstanceLock(tmp_path)
    assert band_is_running(tmp_path)
    lock.release()
    assert not band_is_running(tmp_path)


def test_many_who_ask_at_once_do_not_take_each_other_for_a_band(tmp_path: Path) -> None:
    InstanceLock(tmp_path).release()
    seen: list[bool] = []
    start = threading.Barrier(4)

    def ask() -> None:
        start.wait(20)
        seen.extend(band_is_running(tmp_path) for _ in range(500))

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert seen == [False] * 2000
