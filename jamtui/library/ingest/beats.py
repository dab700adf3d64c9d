"""A beat for music that was played without one: tempo from the rhythm of the onsets, beats by dynamic
programming along them (after Ellis, "Beat Tracking by Dynamic Programming", J. New Music Research, 2007)."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from jamtui.library.ingest.grid import grid_fit
from jamtui.library.ingest.song import RefusedError, Song, Sounded
from jamtui.music.meter import PPQ
from jamtui.music.tempo import TempoMap

_RATE = 50.0
"""Frames a second."""
_STIFF = 400.0
"""How much a beat that is early or late costs, against the onsets it would meet."""
_SURE = 0.3
_BY_CHANCE = 0.7
"""Grid fit that the notes must reach on the beats found: beats can be bent to any notes, so that even random
ones reach some 0.5 over the root of how many there are to the beat (0.17 at eight, 0.35 at two)."""
MAX_SECONDS = 3600.0


def follow(song: Song) -> Song:
    """The song on beats found in its notes: ticks are counted anew, tempos are those of the beats.

    Raises:
        RefusedError: no steady beat can be found, or it is longer than ``MAX_SECONDS``.
    """
    tempo = TempoMap(song.tempos)
    notes = [n for voice in song.voices for n in voice.notes]
    onset = np.array([tempo.seconds_at(n.onset) for n in notes])
    begin, length = float(onset.min()), float(onset.max() - onset.min())
    if length > MAX_SECONDS:
        raise RefusedError("it was played without a click and is longer than an hour; cut it into songs")
    if len(notes) < 32 or length < 5:
        raise RefusedError(
            "it was played without a click and is too short to find its beat; record it to a click"
        )
    strength = np.array([min(n.velocity, 110) / 80 * (1.3 if n.pitch < 55 else 1.0) for n in notes])
    frames = _onset_curve(onset - begin, strength)
    period = _period(frames)
    beats = _track(frames, period) / _RATE + begin
    if len(beats) < 8:
        raise RefusedError(
            "it was played without a click and no beat can be found in it; record it to a click"
        )
    # The beats go on before the first and after the last found.
    first, last = beats[1] - beats[0], beats[-1] - beats[-2]
    ahead = int(np.ceil((beats[0] - begin) / first)) + 1
    times = np.concatenate(
        [beats[0] - first * np.arange(ahead, 0, -1), beats, beats[-1] + last * np.arange(1, 65)]
    )
    ticks = np.arange(len(times)) * PPQ
    moved = np.rint(np.interp(onset, times, ticks)).astype(np.int64)
    moments = len(np.unique((onset * 30).astype(np.int64)))
    if grid_fit(moved) < max(_SURE, _BY_CHANCE / np.sqrt(moments / len(beats))):
        raise RefusedError("it was played freely, without a beat that holds; record it to a click")
    ends = np.array([tempo.seconds_at(n.onset + n.duration) for n in notes])
    stop = np.rint(np.interp(ends, times, ticks)).astype(np.int64)
    at = iter(zip(moved.tolist(), stop.tolist(), strict=True))
    voices = []
    for voice in song.voices:
        placed = [
            Sounded(start, n.pitch, max(1, end - start), n.velocity)
            for n, (start, end) in zip(voice.notes, at, strict=False)
        ]
        voices.append(replace(voice, notes=tuple(sorted(placed))))
    bpm = np.clip(60.0 / np.diff(times), 20.0, 400.0)
    tempos = tuple((int(t), float(b)) for t, b in zip(ticks[:-1], bpm, strict=True))
    return replace(song, voices=tuple(voices), tempos=tempos, meters=(), symbols=(), clocked=False)


def _onset_curve(onset: NDArray[np.float64], strength: NDArray[np.float64]) -> NDArray[np.float64]:
    """Onset strength per frame, smoothed by 30 ms, each stack counted with the root of its size."""
    count = int(onset.max() * _RATE) + 3
    curve = np.sqrt(np.bincount((onset * _RATE + 0.5).astype(np.int64), strength, minlength=count))
    kernel = np.exp(-0.5 * (np.arange(-4, 5) / 1.5) ** 2)
    smooth: NDArray[np.float64] = np.convolve(curve, kernel, "same")
    return smooth / (smooth.std() or 1.0)


def _period(frames: NDArray[np.float64]) -> float:
    """Frames to the beat: the lag of the strongest self-similarity, weighted towards 100 a minute."""
    centred = frames - frames.mean()
    size = 1 << (2 * len(centred) - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    similar = np.fft.irfft(spectrum * spectrum.conj(), size)[: int(_RATE * 3)]
    lags = np.arange(1, len(similar))
    weight = np.exp(-0.5 * (np.log2(lags / _RATE / 0.6) / 0.7) ** 2)
    score = similar[1:] * weight
    # A beat is also similar to itself two beats later.
    double = np.zeros_like(score)
    double[: len(score) // 2] = similar[2 : 2 * (len(score) // 2) + 1 : 2]
    low, high = int(_RATE * 0.3), int(_RATE * 1.3)
    return float(np.argmax((score + 0.5 * double * weight)[low:high]) + low + 1)


def _track(frames: NDArray[np.float64], period: float) -> NDArray[np.float64]:
    """Frames of the beats: each as near to ``period`` after the last as the onsets allow."""
    count = len(frames)
    low, high = int(period / 2), int(period * 2)
    gaps = np.arange(low, high + 1)
    price = -_STIFF / 4 * np.log(gaps / period) ** 2
    reversed_price = price[::-1]
    score = frames.copy()
    origin = np.full(count, -1, dtype=np.int64)
    for i in range(high, count):
        window = score[i - high : i - low + 1] + reversed_price
        best = int(np.argmax(window))
        if window[best] > 0:
            score[i] += window[best]
            origin[i] = i - high + best
    at = int(np.argmax(score[-high:])) + max(0, count - high)
    found = []
    while at >= 0:
        found.append(at)
        at = int(origin[at])
    return np.array(found[::-1], dtype=np.float64)
