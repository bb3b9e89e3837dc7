"""PyTorch's values and gradients of functions, losses and layers, in double, as
a script of tests: python3 layers.py > layers.net."""
import math

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.manual_seed(1)


def text(t):
    """A tensor as .net has it: axes in the same order."""
    if t.dim() == 0:
        return repr(t.item())
    if t.dim() == 1:
        return "[" + ", ".join(repr(v) for v in t.tolist()) + "]"
    if t.dim() == 2:
        return "[" + "; ".join(
            " ".join(repr(v) for v in row) for row in t.tolist()) + "]"
    flat = t.permute(*reversed(range(t.dim()))).reshape(-1)
    return f"reshape({text(flat)}, {', '.join(str(n) for n in t.shape)})"


def case(name, call, inputs, f):
    """Values of f, and the gradients of its sum with weights 1, 2, …; where no
    input is 0, second derivatives: the gradient of the gradients' sum of
    squares."""
    x = [t.clone().requires_grad_() for t in inputs.values()]
    y = f(*x)
    weights = torch.arange(1.0, y.numel() + 1).reshape(y.shape[::-1])
    weights = weights.permute(list(reversed(range(y.dim()))))
    grads = torch.autograd.grad((y * weights).sum(), x, create_graph=True)
    square = sum((g * g).sum() for g in grads)
    second = torch.autograd.grad(square, x, allow_unused=True) \
        if square.requires_grad else [None] * len(x)
    names = ", ".join(inputs)
    print(f"# {name}")
    for n, t in inputs.items():
        print(f"{n} = {text(t)};")
    print(f"f({names}) = {call}")
    print(f"check(f({names}), {text(y.detach())})")
    dy = text(weights)
    w = f"weighted({names}) = sum({dy} .* f({names}))"
    print(w if y.dim() else f"weighted({names}) = f({names})")
    print(f"slopes({names}) = gradient(weighted, {names})")
    many = len(x) > 1
    print(f"steep({names}) = " + (
        f"sum([sum(g .* g) for g in slopes({names})])" if many else
        f"sum(slopes({names}) .* slopes({names}))"))
    kinks = any((t == 0).any() for t in x)
    for k, (g, h) in enumerate(zip(grads, second)):
        at = f"[{k + 1}]" if many else ""
        print(f"check(slopes({names}){at}, {text(g.detach())})")
        if kinks:
            continue
        h = torch.zeros_like(x[k]) if h is None else h
        print(f"check(gradient(steep, {names}){at}, {text(h)})")
    print()


def away(*shape):
    """Numbers away from kinks."""
    t = torch.randn(*shape)
    return torch.where(t.abs() < 0.05, t + 0.1, t)


def spread():
    """Numbers in order, with kinks and far ends."""
    return torch.tensor([-30.0, -2.5, -1.0, -0.3, 0.0, 0.2, 1.0, 3.5, 30.0])


ACTIVATIONS = {
    "relu(x)": F.relu, "leakyrelu(x)": F.leaky_relu,
    "leakyrelu(x, 0.2)": lambda x: F.leaky_relu(x, 0.2), "elu(x)": F.elu,
    "elu(x, 0.5)": lambda x: F.elu(x, 0.5), "swish(x)": F.silu,
    "gelu(x)": F.gelu, "gelu_tanh(x)": lambda x: F.gelu(x, approximate="tanh"),
    "softplus(x)": F.softplus, "σ(x)": torch.sigmoid, "tanh(x)": torch.tanh,
    "erf(x)": torch.erf, "clamp(x, -1, 3.5)": lambda x: x.clamp(-1, 3.5),
}
ALONG = {
    "softmax(x)": lambda x: x.softmax(0),
    "softmax(x, dims = 2)": lambda x: x.softmax(1),
    "logsoftmax(x)": lambda x: x.log_softmax(0),
    "logsoftmax(x, dims = 2)": lambda x: x.log_softmax(1),
    "logsumexp(x)": lambda x: x.reshape(-1).logsumexp(0),
}


def functions():
    for call, f in ACTIVATIONS.items():
        case(f"{call} with its kinks", call, {"x": spread()}, f)
        case(call, call, {"x": away(6)}, f)
    for call, f in ALONG.items():
        case(call, call, {"x": 3 * torch.randn(4, 3)}, f)
    case("cumsum(x)", "cumsum(x)", {"x": away(5)}, lambda x: x.cumsum(0))
    case("prod(x)", "prod(x)", {"x": torch.tensor([2.0, 0.0, -1.5])}, torch.prod)
    case("batched_mul(a, b)", "batched_mul(a, b)",
         {"a": away(2, 3, 2), "b": away(3, 4, 2)},
         lambda a, b: torch.einsum("ikh,kjh->ijh", a, b))


def losses():
    y = torch.tensor([0.0, 1.0, 0.0, 0.0])
    p = torch.randn(4).softmax(0)
    shown = text(y)
    case("mse", f"mse(x, {shown})", {"x": away(4)}, lambda x: F.mse_loss(x, y))
    case("logloss", f"logloss(x, {shown})", {"x": p},
         lambda x: -(y * x.log()).sum())
    case("logitcrossentropy", f"logitcrossentropy(x, {shown})",
         {"x": 5 * away(4)},
         lambda x: F.cross_entropy(x[None], torch.tensor([1])))
    case("binarycrossentropy", f"binarycrossentropy(x, {shown})", {"x": p},
         lambda x: F.binary_cross_entropy(x, y, reduction="sum"))


def layers():
    case("LayerNorm", "LayerNorm(g, b, 1e-5, 1)(x)",
         {"x": away(5), "g": away(5), "b": away(5)},
         lambda x, g, b: F.layer_norm(x, (5,), g, b))
    case("LayerNorm of columns", "LayerNorm(g, b, 1e-5, 1)(x)",
         {"x": away(4, 3), "g": away(4), "b": away(4)},
         lambda x, g, b: F.layer_norm(x.T, (4,), g, b).T)
    case("Embedding", "Embedding(W)([3, 1, 3])", {"W": away(2, 4)},
         lambda w: F.embedding(torch.tensor([2, 0, 2]), w.T).T)
    for causal in (False, True):
        attention(causal)


def attention(causal):
    n, heads, steps = 4, 2, 3
    w = {f"W{k}": 0.7 * away(n, n) for k in "qkvo"}
    b = {f"b{k}": away(n) for k in "qkvo"}
    parts = ", ".join(f"Affine(W{k}, b{k})" for k in "qkvo")

    def f(x, *p):
        wq, wk, wv, wo, bq, bk, bv, bo = p
        mask = torch.triu(torch.full((steps, steps), -math.inf), 1) \
            if causal else None
        y, _ = F.multi_head_attention_forward(
            x.T[:, None], x.T[:, None], x.T[:, None], n, heads,
            torch.cat([wq, wk, wv]), torch.cat([bq, bk, bv]), None, None,
            False, 0.0, wo, bo, attn_mask=mask, need_weights=False)
        return y[:, 0].T

    case(f"Attention, causal = {causal}",
         f"Attention({parts}, {heads}, {str(causal).lower()})(x)",
         {"x": away(n, steps), **w, **b}, f)


print("# PyTorch's values, as layers.py wrote them. All are compared in double.")
print("check(a, b) = (@test maximum(abs(vec(a .- b))) <= "
      "1e-9 * (1 + maximum(abs(vec(0 .+ b)))))\n")
functions()
losses()
layers()
