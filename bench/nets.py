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

LSTM = """remember = unroll(LSTM({inputs}, {hidden}))
read = Affine({hidden}, {outputs})
@net timed(x::[{inputs}, {steps}]) = read(remember(x)[:, end])
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


def lstm(inputs, hidden, steps, outputs=10):
    """An LSTM over so many steps, and a dense layer on its last."""
    gates = 4 * hidden
    return Net(
        LSTM.format(inputs=inputs, hidden=hidden, steps=steps,
                    outputs=outputs),
        (inputs * steps, outputs),
        [(hidden, outputs), (outputs,), (inputs, gates), (hidden, gates),
         (gates,), (hidden,), (hidden,)],
        steps * gates * (inputs + hidden) + hidden * outputs,
        steps * gates * (inputs + 2 * hidden) + 2 * hidden * outputs)


NETS = {
    "lenet": Net(
        LENET, (784, 10),
        [(6, 1, 5, 5), (6,), (16, 6, 5, 5), (16,), (400, 120), (120,),
         (120, 84), (84,), (84, 10), (10,)],
        sum(CONVOLUTIONS) + DENSE,
        sum(CONVOLUTIONS) + CONVOLUTIONS[1] + 2 * DENSE),
    "lstm": lstm(64, 256, 50),
    "lstm-4": lstm(3, 4, 5),
    **{f"lstm-{hidden}": lstm(hidden, hidden, 1024)
       for hidden in (128, 256, 512)},
}
