"""Whether implementations compute the same: start data, and comparisons."""
import array
import math
import operator
import random

# Bounds: of the loss, relative; of parameters, as a share of how far the
# largest of an array moved in STEPS steps; of probabilities, absolute.
LOSS = 1e-5
MOVED = 1e-3
PROBABILITY = 1e-5
STEPS = 5


def start(shape, samples):
    """Start parameters, samples and labels, as arrays; see bench.h."""
    numbers = random.Random(1)
    parameters = array.array("f")
    for size, out in zip(shape, shape[1:]):
        most = math.sqrt(6 / (size + out))
        parameters.extend(most * (2 * numbers.random() - 1)
                          for _ in range((size + 1) * out))
    x = array.array("f", (numbers.random()
                          for _ in range(samples * shape[0])))
    label = array.array("i", (numbers.randrange(shape[-1])
                              for _ in range(samples)))
    return parameters, x, label


def distance(one, two):
    """The largest difference; infinite where one is no number."""
    if len(one) != len(two) or any(map(math.isnan, one + two)):
        return math.inf
    return max(map(abs, map(operator.sub, one, two)))


def moved_apart(shape, before, one, two):
    """Over the arrays of the layers: the largest difference of parameters as a
    share of the largest movement."""
    if not len(before) == len(one) == len(two):
        return math.inf
    worst = 0.0
    at = 0
    for size, out in zip(shape, shape[1:]):
        for n in (size * out, out):
            part = slice(at, at + n)
            way = distance(before[part], one[part])
            apart = distance(one[part], two[part])
            worst = max(worst, apart / way if way > 0 else math.inf)
            at += n
    return worst


def errors(model, before, work, one, two):
    """(measure, error, bound) of two results of Worker.result."""
    if work == "infer":
        return [("probabilities", distance(one[1], two[1]), PROBABILITY)]
    loss = abs(one[0] - two[0]) / abs(one[0])
    return [("loss", loss if loss == loss else math.inf, LOSS),
            ("parameters", moved_apart(model.shape, before, one[1], two[1]),
             MOVED)]
