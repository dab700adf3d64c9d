"""A million answers, sound and broken, through parser and guard; counts what became of them by reason.

``python tests/bench/bench_answer_fuzz.py [COUNT]`` from the root of the repository. Stops with an error
at the first bar that gets through and is out of range, grid or length.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.generators.fuzzing import Fuzzer


def main() -> None:
    """Run and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    fuzzer = Fuzzer(2024)
    began = time.perf_counter()
    fuzzer.run(count)
    took = time.perf_counter() - began
    print(f"{count:,} answers in {took:.0f} s, {1e6 * took / count:.0f} µs each; nothing got through\n")
    print("| what became of them | count |\n|---|---|")
    for what, times in sorted(fuzzer.verdicts.items()):
        print(f"| {what} | {times:,} |")


if __name__ == "__main__":
    main()
