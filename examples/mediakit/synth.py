"""Recognisable sounds from nothing but sines and noise. All are mono float32 in [-1, 1] at `RATE`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]
Rng = np.random.Generator

RATE = 24_000
"""Samples a second: a rate that every codec used here takes, Opus among them."""


def clock(seconds: float) -> Sound:
    """The time of each sample, seconds."""
    return np.arange(int(seconds * RATE), dtype=np.float32) / RATE


def band(rng: Rng, seconds: float, low: float, high: float) -> Sound:
    """Noise between two frequencies, hertz, its edges soft."""
    count = int(seconds * RATE)
    spectrum = np.fft.rfft(rng.standard_normal(count))
    at = np.fft.rfftfreq(count, 1 / RATE)
    spectrum *= np.exp(-((np.clip(low - at, 0, None) / (0.25 * low + 1)) ** 2))
    spectrum *= np.exp(-((np.clip(at - high, 0, None) / (0.25 * high)) ** 2))
    return loud(np.fft.irfft(spectrum, count))


def loud(sound: NDArray[np.floating], peak: float = 0.85) -> Sound:
    """The sound with its highest peak at `peak`."""
    return np.asarray(sound * (peak / (np.abs(sound).max() or 1)), np.float32)


def put(track: Sound, sound: Sound, at: float) -> None:
    """Adds `sound` to `track` in place, from second `at`."""
    start = int(at * RATE)
    part = sound[: max(0, len(track) - start)]
    track[start : start + len(part)] += part


def decay(seconds: float, half: float) -> Sound:
    """An envelope that falls by half every `half` seconds, with a short attack against clicks."""
    t = clock(seconds)
    return np.minimum(t / 0.004, 1) * np.exp2(-t / half)


def slow(rng: Rng, seconds: float, bumps: float) -> Sound:
    """A slow random curve in [0, 1] with `bumps` knots a second."""
    knots = max(3, int(seconds * bumps) + 2)
    return np.interp(clock(seconds), np.linspace(0, seconds, knots), rng.random(knots)).astype(np.float32)


def strike(pitch: float, seconds: float = 3.0) -> Sound:
    """One stroke of a bell: the inharmonic partials of a church bell, the high ones gone first."""
    partials = (
        (0.5, 0.6, 1.0),
        (1, 1, 0.8),
        (1.2, 0.7, 0.6),
        (1.5, 0.4, 0.45),
        (2, 0.7, 0.35),
        (2.67, 0.4, 0.2),
        (4.1, 0.25, 0.12),
    )
    t = clock(seconds)
    tone = sum(a * np.sin(2 * np.pi * pitch * p * t) * np.exp2(-t / (h * seconds / 4)) for p, a, h in partials)
    return loud(np.asarray(tone) * np.minimum(t / 0.003, 1))


def bell(rng: Rng, pitch: float = 440, strokes: int = 3, gap: float = 1.6) -> Sound:
    """A bell struck `strokes` times."""
    track = np.zeros(int((strokes * gap + 2.0) * RATE), np.float32)
    for stroke in range(strokes):
        put(track, strike(pitch), stroke * gap + 0.05)
    return loud(track)


def drums(rng: Rng, tempo: float = 104, bars: int = 4) -> Sound:
    """A drum loop: kick, snare and hi-hat in four-four time."""
    beat = 60 / tempo
    track = np.zeros(int(bars * 4 * beat * RATE), np.float32)
    t = clock(0.3)
    kick = np.sin(2 * np.pi * (48 * t + 6.5 * (1 - np.exp(-t * 26)))) * decay(0.3, 0.06)
    snare = band(rng, 0.2, 900, 7000) * decay(0.2, 0.035) + 0.5 * np.sin(2 * np.pi * 190 * clock(0.2)) * decay(
        0.2, 0.03
    )
    hat = band(rng, 0.08, 6500, 11500) * decay(0.08, 0.012)
    for step in range(bars * 8):
        at = step * beat / 2
        put(track, hat * (0.5 if step % 2 else 0.32), at)
        if step % 8 in (0, 5):
            put(track, np.asarray(kick * 1.1, np.float32), at)
        if step % 8 in (2, 6):
            put(track, np.asarray(snare * 0.7, np.float32), at)
    return loud(track)


def birdsong(rng: Rng, seconds: float = 8, pitch: float = 3600) -> Sound:
    """Chirps and trills of a small bird."""
    track = np.zeros(int(seconds * RATE), np.float32)
    at = 0.2
    while at < seconds - 0.5:
        notes, length = int(rng.integers(3, 9)), rng.uniform(0.05, 0.13)
        bend, start = rng.uniform(-1200, 1800), pitch * rng.uniform(0.8, 1.3)
        for _ in range(notes):
            t = clock(length)
            glide = start + bend * t / length + 260 * np.sin(2 * np.pi * 38 * t)
            note = np.sin(2 * np.pi * np.cumsum(glide) / RATE) * np.sin(np.pi * t / length) ** 1.4
            put(track, np.asarray(note * 0.6, np.float32), at)
            at += length * 1.25
        at += rng.uniform(0.25, 0.8)
    return loud(track + 0.008 * band(rng, seconds, 400, 5000))


def waves(rng: Rng, seconds: float = 14, period: float = 4.6) -> Sound:
    """Waves that break on a beach, one every `period` seconds."""
    t = clock(seconds)
    phase = (t / period + 0.15 * slow(rng, seconds, 0.4)) % 1
    swell = np.where(phase < 0.42, (phase / 0.42) ** 2.2, np.exp(-(phase - 0.42) * 4.2))
    surf = band(rng, seconds, 250, 2600) * swell + 0.45 * band(rng, seconds, 2200, 8000) * swell**2.4
    return loud(surf + 0.16 * band(rng, seconds, 60, 400))


def rain(rng: Rng, seconds: float = 10, heavy: float = 1.0) -> Sound:
    """Steady rain with single drops."""
    hiss = band(rng, seconds, 1200, 10000) * (0.30 + 0.06 * slow(rng, seconds, 2))
    track = np.asarray(hiss, np.float32)
    for at in rng.uniform(0, seconds - 0.1, int(70 * heavy * seconds)):
        drop = np.sin(2 * np.pi * rng.uniform(1800, 6500) * clock(0.02)) * decay(0.02, 0.003)
        put(track, np.asarray(drop * rng.uniform(0.05, 0.5), np.float32), float(at))
    return loud(track)


def siren(rng: Rng, seconds: float = 8, low: float = 600, high: float = 1250, cycle: float = 1.6) -> Sound:
    """A siren that wails up and down, once a `cycle`."""
    t = clock(seconds)
    sweep = low + (high - low) * (0.5 - 0.5 * np.cos(2 * np.pi * t / cycle))
    phase = 2 * np.pi * np.cumsum(sweep) / RATE
    return loud(np.sin(phase) + 0.45 * np.sin(2 * phase) + 0.25 * np.sin(3 * phase))


def note(pitch: float, seconds: float, bright: float = 1.0) -> Sound:
    """A struck string: harmonics slightly sharp, the high ones gone first."""
    t = clock(seconds)
    tone = np.zeros_like(t)
    for k in range(1, 9):
        partial = pitch * k * np.sqrt(1 + 0.0004 * k * k)
        if partial < RATE / 2.2:
            tone += bright ** (k - 1) / k**1.3 * np.sin(2 * np.pi * partial * t) * np.exp2(-t * (0.9 + 0.7 * k))
    return np.asarray(tone * np.minimum(t / 0.004, 1) * np.minimum((seconds - t) / 0.03, 1), np.float32)


def melody(rng: Rng, steps: tuple[int, ...], tempo: float = 96, root: float = 261.63) -> Sound:
    """A piano-like tune: semitones above `root`, a quaver each, with a chord under every fourth."""
    beat = 30 / tempo
    track = np.zeros(int((len(steps) * beat + 1.5) * RATE), np.float32)
    for number, step in enumerate(steps):
        put(track, note(root * 2 ** (step / 12), 1.6, 0.9) * 0.5, number * beat)
        if number % 4 == 0:
            for under in (-12, -5):
                put(track, note(root * 2 ** ((step + under) / 12), 2.2, 0.7) * 0.28, number * beat)
    return loud(track)


def bass(rng: Rng, steps: tuple[int, ...], tempo: float = 100, root: float = 55.0) -> Sound:
    """A plucked bass line, a quaver a step."""
    beat = 30 / tempo
    track = np.zeros(int((len(steps) * beat + 0.6) * RATE), np.float32)
    for number, step in enumerate(steps):
        t = clock(beat * 1.05)
        pitch = root * 2 ** (step / 12)
        tone = sum(np.sin(2 * np.pi * pitch * k * t) / k * np.exp(-t * k * 2.2) for k in range(1, 8))
        put(
            track,
            np.asarray(tone * np.minimum(t / 0.005, 1) * np.minimum((t[-1] - t) / 0.02, 1), np.float32),
            number * beat,
        )
    return loud(track)


def heartbeat(rng: Rng, seconds: float = 8, rate: float = 66) -> Sound:
    """A beating heart, `rate` times a minute: lub-dub."""
    track = np.zeros(int(seconds * RATE), np.float32)
    for at in np.arange(0.1, seconds - 0.5, 60 / rate):
        for late, pitch, strength in ((0, 52, 1.0), (0.30 * 60 / rate, 66, 0.7)):
            thump = np.sin(2 * np.pi * pitch * clock(0.18)) * decay(0.18, 0.03) * strength
            put(track, np.asarray(thump, np.float32), float(at + late))
    return loud(track + 0.01 * band(rng, seconds, 30, 200))


def ticking(rng: Rng, seconds: float = 8, rate: float = 2.0) -> Sound:
    """A clock: tick and tock, `rate` a second."""
    track = np.zeros(int(seconds * RATE), np.float32)
    for number, at in enumerate(np.arange(0.1, seconds - 0.1, 1 / rate)):
        pitch = 2600 if number % 2 == 0 else 2050
        click = (np.sin(2 * np.pi * pitch * clock(0.03)) + 0.8 * band(rng, 0.03, 1500, 6000)) * decay(0.03, 0.0035)
        put(track, np.asarray(click, np.float32), float(at))
    return loud(track + 0.003 * band(rng, seconds, 200, 3000))


def telephone(rng: Rng, rings: int = 3, pitch: float = 440.0, warble: float = 22) -> Sound:
    """A telephone that rings `rings` times."""
    track = np.zeros(int((rings * 2.6 + 0.2) * RATE), np.float32)
    t = clock(1.3)
    tone = (
        np.sin(2 * np.pi * pitch * 2.4 * t)
        + 0.8 * np.sin(2 * np.pi * pitch * 3.1 * t)
        + 0.3 * np.sin(2 * np.pi * pitch * 6.3 * t)
    )
    ring = tone * (0.5 + 0.5 * np.sign(np.sin(2 * np.pi * warble * t))) * np.minimum(np.minimum(t, 1.3 - t) / 0.02, 1)
    for number in range(rings):
        put(track, np.asarray(ring, np.float32), 0.1 + number * 2.6)
    return loud(track)


def thunder(rng: Rng, seconds: float = 9, crack: float = 0.5) -> Sound:
    """A clap at second `crack`, and its long rumble."""
    t = clock(seconds)
    after = np.clip(t - crack, 0, None)
    rumble = band(rng, seconds, 25, 160) * np.exp(-after * 0.42) * (0.35 + 0.9 * slow(rng, seconds, 2.5)) * (t > crack)
    clap = band(rng, seconds, 120, 4500) * np.exp(-after * 4.5) * (0.3 + slow(rng, seconds, 30)) * (t > crack)
    return loud(rumble * 1.3 + clap + 0.02 * band(rng, seconds, 800, 6000))


def engine(rng: Rng, seconds: float = 8, idle: float = 38, rev: float = 1.0) -> Sound:
    """An engine that idles and, with `rev` above 1, is driven up and down."""
    t = clock(seconds)
    speed = idle * (1 + (rev - 1) * (0.5 - 0.5 * np.cos(2 * np.pi * t / seconds))) * (1 + 0.02 * slow(rng, seconds, 6))
    phase = 2 * np.pi * np.cumsum(speed) / RATE
    hum = sum(np.sin(phase * k + 0.4 * k) / k**0.8 * (1.3 if k % 2 == 0 else 0.8) for k in range(1, 14))
    return loud(np.asarray(hum) * (0.8 + 0.2 * np.sin(phase / 2)) + 0.5 * band(rng, seconds, 80, 900))


def crickets(rng: Rng, seconds: float = 10, pitch: float = 4300) -> Sound:
    """Crickets in a summer night, three of them."""
    t = clock(seconds)
    track = np.zeros_like(t)
    for number in range(3):
        rate, shift = rng.uniform(1.8, 2.8), rng.uniform(0, 1)
        cycle = (t * rate + shift) % 1
        pulses = (np.sin(2 * np.pi * 31 * t) > 0) * (cycle < 0.42)
        track += np.sin(2 * np.pi * pitch * (1 + 0.06 * number) * t) * pulses * (0.9 - 0.25 * number)
    return loud(track + 0.015 * band(rng, seconds, 300, 3000))


def wind(rng: Rng, seconds: float = 12) -> Sound:
    """Wind over open land."""
    gusts = slow(rng, seconds, 0.7)
    return loud(band(rng, seconds, 120, 700) * (0.25 + gusts) + 0.25 * band(rng, seconds, 600, 1500) * gusts**2)


def bubbles(rng: Rng, seconds: float = 12) -> Sound:
    """A diver's breath and the bubbles that rise from it."""
    track = 0.25 * band(rng, seconds, 40, 500)
    for breath in np.arange(0.6, seconds - 2, 4.0):
        put(
            track,
            np.asarray(0.5 * band(rng, 1.3, 700, 2600) * np.sin(np.pi * clock(1.3) / 1.3), np.float32),
            float(breath),
        )
        for at in breath + 1.4 + rng.uniform(0, 1.6, 26):
            t = clock(0.07)
            blip = np.sin(2 * np.pi * (rng.uniform(350, 900) * t + 3200 * t**2)) * decay(0.07, 0.018)
            put(track, np.asarray(blip * 0.5, np.float32), float(at))
    return loud(track)
