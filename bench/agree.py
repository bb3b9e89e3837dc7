"""Whether implementations compute the same: start data, and comparisons."""
import array
import math
import operator
import random

# Bounds: of the loss, relative; of parameters, as a share of how far the
# largest of an array moved in STEPS steps; of results, as a share of the
# largest of them.
LOSS = 1e-5
MOVED = 1e-3
RESULT = 1e-5
STEPS = 5

PERIOD = 65521  # random numbers are repeated after so many, a prime
MOST = 1 << 17  # as many of an array are compared, evenly spread


def numbers(random_numbers, count, low, high):
    """So many floats between low and high."""
    some = array.array("f", (low + (high - low) * random_numbers.random()
                             for _ in range(min(count, PERIOD))))
    return (some * (count // PERIOD + 1))[:count]


def start(workload, samples):
    """Start parameters, samples and labels, as arrays; see bench.h."""
    source = random.Random(1)
    parameters = array.array("f")
    for count, size in workload.arrays():
        most = math.sqrt(6 / size)
        parameters.extend(numbers(source, count, -most, most))
    size, out = workload.sizes
    low, high = (-4, 4) if workload.kind == "map" else (0, 1)
    x = numbers(source, samples * size, low, high)
    label = array.array("i", (source.randrange(out) for _ in range(samples)))
    return parameters, x, label


def distance(one, two):
    """The largest difference; infinite where one is no number."""
    if len(one) != len(two):
        return math.inf
    step = len(one) // MOST + 1
    one, two = one[::step], two[::step]
    if any(map(math.isnan, one + two)):
        return math.inf
    return max(map(abs, map(operator.sub, one, two)), default=0)


def moved_apart(counts, before, one, two):
    """Over arrays of so many elements: the largest difference of parameters as
    a share of the largest movement; infinite where nothing has moved."""
    if not len(before) == len(one) == len(two):
        return math.inf
    worst = 0.0
    moved = False
    at = 0
    for n in counts:
        part = slice(at, at + n)
        way = distance(before[part], one[part])
        apart = distance(one[part], two[part])
        if apart > 0:
            worst = max(worst, apart / way if way > 0 else math.inf)
        moved = moved or way > 0
        at += n
    return worst if moved else math.inf


def errors(workload, before, work, one, two):
    """(measure, error, bound) of two results of Worker.result."""
    if work == "infer":
        most = max(map(abs, one[1]))
        return [("results", distance(one[1], two[1]) / most, RESULT)]
    loss = abs(one[0] - two[0]) / abs(one[0])
    counts = [count for count, _ in workload.arrays()]
    return [("loss", loss if loss == loss else math.inf, LOSS),
            ("parameters", moved_apart(counts, before, one[1], two[1]),
             MOVED)]
