"""Models that are more than chains, by name: their .net, and their numbers.

Arrays are those of the model in its order, each with the shape that its bytes
have row by row: matrices are [in][out], filters [out][in][y][x].
"""
import dataclasses

LENET = """timed = @Chain(Input(28, 28, 1),
  Conv2D(5, 6; pad = 2), relu, MaxPool(2),
  Conv2D(5, 16), relu, MaxPool(2),
  flatten, Affine(120), relu, Affine(84), relu, Affine(10))
"""

LSTM = """remember = unroll(LSTM(64, 256))
read = Affine(256, 10)
@net timed(x::[64, 50]) = read(remember(x)[:, end])
"""


@dataclasses.dataclass
class Net:
    text: str
    sizes: tuple   # numbers of a sample, and of its result
    arrays: list   # shapes of parameters
    forward: int   # multiply-adds of a sample, and of its gradients
    back: int

    def all_arrays(self):
        """For each array its elements, and the size that its numbers shrink
        by."""
        found, size = [], 1
        for shape in self.arrays:
            count = 1
            for length in shape:
                count *= length
            if len(shape) > 1:
                field = count // (shape[0] * shape[1])
                size = (shape[0] + shape[1]) * field
            found.append((count, size))
        return found


CONVOLUTIONS = (28 * 28 * 6 * 25, 10 * 10 * 16 * 150)
DENSE = 400 * 120 + 120 * 84 + 84 * 10
STEPS = 50
GATES = 4 * 256

NETS = {
    "lenet": Net(
        LENET, (784, 10),
        [(6, 1, 5, 5), (6,), (16, 6, 5, 5), (16,), (400, 120), (120,),
         (120, 84), (84,), (84, 10), (10,)],
        sum(CONVOLUTIONS) + DENSE,
        sum(CONVOLUTIONS) + CONVOLUTIONS[1] + 2 * DENSE),
    "lstm": Net(
        LSTM, (64 * STEPS, 10),
        [(256, 10), (10,), (64, GATES), (256, GATES), (GATES,), (256,),
         (256,)],
        STEPS * GATES * (64 + 256) + 2560,
        STEPS * GATES * (64 + 2 * 256) + 2 * 2560),
}
