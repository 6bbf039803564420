"""How long a slow line may be left alone: what it brings waits in the kernel and is received at one go.

Next station: `uploads/fedbody.py`.
"""

DOZE_BYTES = 32 * 1024
"""What may wait in the kernel, which holds several times as much without stopping the sender."""
LEAST_DOZE_SECONDS = 0.1
LONGEST_DOZE = 4.0
"""Of the age at which a byte is written: nobody loses what waits in the kernel, so it may wait longer.
Every waking costs the same, whatever it brings: half as many are worth some kernel memory a line."""


def doze_after(
    before: float, count: int, seconds: float, left: int | None, longest: float
) -> float:
    """Seconds until a line that brought `count` bytes in `seconds` brings a small piece again; 0: it is fast.

    `before`: how long it was left alone the last time; `left`: bytes of the body that are still to come,
    None if that is not known.
    """
    # Even late by seconds, a slow line brings no more than twice of what it dozes for.
    if count >= (2 * DOZE_BYTES if before else DOZE_BYTES):
        return 0.0
    # Not beyond the end of the body, for which somebody waits.
    wanted = DOZE_BYTES if left is None else min(DOZE_BYTES, left)
    doze = wanted * seconds / count
    return min(doze, longest) if doze >= LEAST_DOZE_SECONDS else 0.0
