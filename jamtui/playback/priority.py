"""Raising the priority of the calling thread, as far as the system allows, and saying how far that was."""

import os
import sys
import threading

from jamtui.playback.rtkit import ask, ask_nice

FIFO_PRIORITY = 4
"""Below the JACK server (10 by default) and its client threads (5), which carry what we send, and above
everything that is not real-time."""

_NICE = -11
"""For the output thread where real-time priority is refused, and for the engine's other threads: whoever of
them holds the interpreter lock holds up the output thread for as long as the system lets it wait."""


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _ABOVE_NORMAL = 0x8000
    """ABOVE_NORMAL_PRIORITY_CLASS (winbase.h)."""

    def _raise_process() -> bool:
        kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel32.GetCurrentProcess.restype = wintypes.HANDLE
        kernel32.SetPriorityClass.argtypes = (wintypes.HANDLE, wintypes.DWORD)
        return bool(kernel32.SetPriorityClass(kernel32.GetCurrentProcess(), _ABOVE_NORMAL))

    class _PowerThrottling(ctypes.Structure):
        _fields_ = (
            ("version", wintypes.ULONG),
            ("control_mask", wintypes.ULONG),
            ("state_mask", wintypes.ULONG),
        )

    def _raise() -> str:
        missing: list[str] = []
        # Timers of 1 ms instead of 15.6 ms, for this process (winmm, timeapi.h).
        if ctypes.windll.winmm.timeBeginPeriod(1) != 0:
            missing.append("1 ms timers")
        kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel32.GetCurrentProcess.restype = wintypes.HANDLE
        kernel32.SetProcessInformation.argtypes = (
            wintypes.HANDLE,
            ctypes.c_int,
            ctypes.c_void_p,
            wintypes.DWORD,
        )
        # Windows 11 ignores that wish for processes without a visible window unless told not to:
        # ProcessPowerThrottling (4), PROCESS_POWER_THROTTLING_IGNORE_TIMER_RESOLUTION (4) off.
        throttling = _PowerThrottling(1, 4, 0)
        if not kernel32.SetProcessInformation(
            kernel32.GetCurrentProcess(), 4, ctypes.byref(throttling), ctypes.sizeof(throttling)
        ):
            missing.append("timers at full resolution in the background")
        avrt = ctypes.WinDLL("avrt", use_last_error=True)
        avrt.AvSetMmThreadCharacteristicsW.argtypes = (wintypes.LPCWSTR, ctypes.POINTER(wintypes.DWORD))
        avrt.AvSetMmThreadCharacteristicsW.restype = wintypes.HANDLE
        task = wintypes.DWORD(0)
        if not avrt.AvSetMmThreadCharacteristicsW("Pro Audio", ctypes.byref(task)):
            missing.append("MMCSS Pro Audio (start the Multimedia Class Scheduler service)")
        if missing:
            return f"Without {', '.join(missing)}: timing may be rough under load."
        return "Pro Audio (MMCSS), 1 ms timers."

elif sys.platform == "darwin":
    import ctypes

    class _TimeConstraint(ctypes.Structure):
        _fields_ = (
            ("period", ctypes.c_uint32),
            ("computation", ctypes.c_uint32),
            ("constraint", ctypes.c_uint32),
            ("preemptible", ctypes.c_int),
        )

    class _Timebase(ctypes.Structure):
        _fields_ = (("numer", ctypes.c_uint32), ("denom", ctypes.c_uint32))

    def _raise() -> str:
        library = ctypes.CDLL(None)
        timebase = _Timebase()
        library.mach_timebase_info(ctypes.byref(timebase))

        def units(ms: float) -> int:
            return int(ms * 1e6 * timebase.denom / timebase.numer)

        library.pthread_self.restype = ctypes.c_void_p
        library.pthread_mach_thread_np.argtypes = (ctypes.c_void_p,)
        library.pthread_mach_thread_np.restype = ctypes.c_uint32
        thread = library.pthread_mach_thread_np(library.pthread_self())
        # THREAD_TIME_CONSTRAINT_POLICY is 2, its count 4 words (mach/thread_policy.h).
        policy = _TimeConstraint(0, units(2.0), units(5.0), 1)
        error = library.thread_policy_set(thread, 2, ctypes.byref(policy), 4)
        if error:
            return (
                f"Time-constraint priority was refused (Mach error {error}): timing may be rough under load."
            )
        return "Time-constraint thread."

    def _raise_process() -> bool:
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)
        return True

elif sys.platform == "linux":

    def _raise_process() -> bool:
        # Threads that are started later inherit it.
        try:
            os.setpriority(os.PRIO_PROCESS, 0, _NICE)
        except OSError:
            return ask_nice(os.getpid(), threading.get_native_id(), _NICE)
        return True

    def _raise() -> str:
        # Both calls mean the calling thread when given 0 on Linux. Reset-on-fork keeps children ordinary.
        policy = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
        for priority in (FIFO_PRIORITY, 1):
            try:
                os.sched_setscheduler(0, policy, os.sched_param(priority))
            except OSError:
                continue
            return f"SCHED_FIFO {priority}."
        if ask(os.getpid(), threading.get_native_id(), FIFO_PRIORITY):
            return f"Real-time priority {FIFO_PRIORITY} from RealtimeKit."
        how = (
            "to allow real-time priority put '@audio - rtprio 95' into /etc/security/limits.d/audio.conf, "
            "join the group audio and log in again (or install rtkit with your desktop's audio packages)"
        )
        try:
            os.setpriority(os.PRIO_PROCESS, 0, _NICE)
        except OSError:
            return f"Normal priority: {how}."
        return f"Nice {_NICE}, not real-time: {how}."

else:

    def _raise() -> str:
        return "Normal priority: this system has no real-time class that jamtui knows."

    def _raise_process() -> bool:
        return False


def raise_this_process() -> bool:
    """Ask for somewhat more than normal priority for this process, from its first thread before it starts
    others; whether it was granted. Never fails: without it all works, with more jitter under load."""
    try:
        return _raise_process()
    except (OSError, AttributeError):
        return False


def raise_this_thread() -> str:
    """Ask for real-time priority for the calling thread alone. Never fails: the sentence says what it
    got and, if that is not all, how to allow it."""
    try:
        return _raise()
    except (OSError, AttributeError) as error:
        return f"Normal priority: this system did not take the request ({error})."
