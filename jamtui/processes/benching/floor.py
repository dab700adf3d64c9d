"""The control loop in a process of its own. ``python -m ...floor COUNT INTERVAL_NS [SPIN_NS]`` prints one
JSON object: the priority it got and each deadline's lateness in nanoseconds."""

import gc
import json
import sys

from jamtui.playback.control import run_control


def main() -> int:
    """Run and print."""
    gc.collect()
    gc.freeze()
    gc.disable()
    sys.setswitchinterval(0.0001)
    count, interval_ns, *spin_ns = map(int, sys.argv[1:])
    run = run_control(count, interval_ns, *spin_ns)
    print(json.dumps({"priority": run.priority, "lateness_ns": run.lateness_ns}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
