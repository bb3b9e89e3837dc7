"""JAX, as framework.py asks it: all of it under jit, arguments given away
where they come back changed."""
import os

import framework

if os.environ.get("OMP_NUM_THREADS") == "1" and hasattr(os,
                                                        "sched_setaffinity"):
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy  # noqa: E402

DEVICE = os.environ.get("BENCH_DEVICE", "cpu")
jax.config.update("jax_platforms", DEVICE)
if DEVICE != "cpu":  # floats are floats
    jax.config.update("jax_default_matmul_precision", "highest")


def layernorm(x, g, b):
    centred = x - x.mean(1, keepdims=True)
    variance = (centred * centred).mean(1, keepdims=True)
    return g * centred * jax.lax.rsqrt(variance + 1e-5) + b


MAPS = {
    "gate": lambda x, a, b: jax.nn.sigmoid(a * x + b) * jnp.tanh(x),
    "layernorm": layernorm,
    "crossentropy": lambda x: -jax.nn.log_softmax(x, 1)[:, 0],
    "softmax": lambda x: jax.nn.softmax(x, 1),
    "exp": jnp.exp, "sigmoid": jax.nn.sigmoid, "tanh": jnp.tanh,
}


def logits(parameters, x):
    """A chain before its softmax; weights are [in][out]."""
    for i in range(0, len(parameters), 2):
        x = x @ parameters[i] + parameters[i + 1]
        if i + 2 < len(parameters):
            x = jax.nn.sigmoid(x)
    return x


def pooled(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 2, 2),
                                 (1, 1, 2, 2), "VALID")


def lenet(parameters, x):
    x = x.reshape(-1, 1, 28, 28)
    for w, b, pad in ((*parameters[:2], "SAME"), (*parameters[2:4], "VALID")):
        x = jax.lax.conv(x, w, (1, 1), pad) + b[:, None, None]
        x = pooled(jax.nn.relu(x))
    x = x.reshape(len(x), -1)
    for i in range(4, len(parameters), 2):
        x = x @ parameters[i] + parameters[i + 1]
        x = jax.nn.relu(x) if i + 2 < len(parameters) else x
    return x


def lstm(parameters, x):
    read, bias, w, u, b, h, c = parameters
    steps = x.reshape(len(x), -1, len(w)).swapaxes(0, 1)

    def step(state, part):
        h, c = state
        i, f, g, o = jnp.split(part + h @ u, 4, 1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    start = [jnp.broadcast_to(s, (len(x), len(s))) for s in (h, c)]
    (h, _), _ = jax.lax.scan(step, tuple(start), steps @ w + b)
    return h @ read + bias


MODELS = {"chain": logits, "lenet": lenet, "lstm": lstm}


def model_of(kind):
    return MODELS[kind.split("-")[0]]


def loss_of(model, parameters, x, label):
    chosen = jax.nn.log_softmax(model(parameters, x))
    return -jnp.take_along_axis(chosen, label[:, None], 1).mean()


class Made:
    """Parameters, and the functions that use them."""

    def __init__(self, task):
        self.task = task
        self.detail = f"JAX {jax.__version__}"
        self.forward = jax.jit(self._forward)
        self.step = jax.jit(self._step, donate_argnums=(0, 1))

    def _forward(self, parameters, x):
        if self.task.kind == "chain":
            return jax.nn.softmax(logits(parameters, x), 1)
        if self.task.kind == "product":
            return x @ parameters[0]
        if self.task.kind == "map":
            return MAPS[self.task.what](x, *parameters)
        return model_of(self.task.kind)(parameters, x)

    def _step(self, parameters, state, x, label):
        loss, gradients = jax.value_and_grad(loss_of, 1)(
            model_of(self.task.kind), parameters, x, label)
        if self.task.what == "SGD":
            return [p - self.task.rate * g
                    for p, g in zip(parameters, gradients)], state, loss
        count = state[0] + 1
        scale = self.task.rate / (1 - 0.9 ** count)
        root = jnp.sqrt(1 - 0.999 ** count)
        m = [0.9 * m + 0.1 * g for m, g in zip(state[1], gradients)]
        v = [0.999 * v + 0.001 * g * g for v, g in zip(state[2], gradients)]
        return [p - scale * a / (jnp.sqrt(b) / root + 1e-8)
                for p, a, b in zip(parameters, m, v)], (count, m, v), loss

    def set(self, values):
        self.parameters = [jnp.array(value) for value in values]
        self.state = (jnp.zeros(()), [jnp.zeros_like(p)
                                      for p in self.parameters],
                      [jnp.zeros_like(p) for p in self.parameters]) \
            if self.task.what == "ADAM" else ()

    def get(self):
        return self.parameters

    def data(self, x, label):
        return jnp.array(x), jnp.array(label)

    def train(self, x, label):
        self.parameters, self.state, loss = self.step(
            self.parameters, self.state, x, label)
        return loss

    def infer(self, x):
        return self.forward(self.parameters, x)

    def wait(self, result):
        jax.block_until_ready(result)

    def done(self, result):
        return numpy.asarray(result)


framework.main(Made)
