"""Random draws that depend on (seed, purpose, key) alone.

A sequential generator gives different results when the window of orders changes. These draws do not: the order with
a given id is cancelled, or not, whatever else is generated beside it, in whatever order and however often.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def _splitmix64(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """One step of SplitMix64 (Steele, Lea, Flood 2014); integer overflow wraps, as the algorithm wants."""
    state = state + _GOLDEN
    state = (state ^ (state >> np.uint64(30))) * _MIX_1
    state = (state ^ (state >> np.uint64(27))) * _MIX_2
    return state ^ (state >> np.uint64(31))


class Draws:
    """Independent streams of draws, one per purpose, indexed by key."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def bits(self, purpose: str, keys: Keys) -> NDArray[np.uint64]:
        """64 uniform bits for each key."""
        salt = hashlib.blake2b(f"{self._seed}:{purpose}".encode(), digest_size=8).digest()
        mixed = _splitmix64(np.asarray(keys, dtype=np.int64).view(np.uint64))
        return _splitmix64(mixed ^ np.uint64(int.from_bytes(salt, "little")))

    def unit(self, purpose: str, keys: Keys) -> NDArray[np.float64]:
        """A uniform number in [0, 1) for each key."""
        return (self.bits(purpose, keys) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def between(self, purpose: str, keys: Keys, low: int, high: int) -> NDArray[np.int64]:
        """A uniform integer in [low, high] for each key."""
        return low + (self.unit(purpose, keys) * (high - low + 1)).astype(np.int64)

    def tokens(self, purpose: str, keys: Keys) -> list[str]:
        """24 hexadecimal digits for each key, as the opaque part of an identifier."""
        words = np.stack([self.bits(purpose, keys), self.bits(f"{purpose}/tail", keys)], axis=1)
        text = words.astype(">u8").tobytes().hex()
        return [text[at : at + 24] for at in range(0, len(text), 32)]
