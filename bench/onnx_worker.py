"""ONNX Runtime, as framework.py asks it: weights are constants of the graph,
input and output lie in memory that is bound once."""
import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper

import framework

MAPS = {
    "gate": [("Mul", ["x", "p0"], "u"), ("Add", ["u", "p1"], "v"),
             ("Sigmoid", ["v"], "w"), ("Tanh", ["x"], "z"),
             ("Mul", ["w", "z"], "y")],
    "layernorm": [("LayerNormalization", ["x", "p0", "p1"], "y")],
    "softmax": [("Softmax", ["x"], "y")],
    "exp": [("Exp", ["x"], "y")],
    "sigmoid": [("Sigmoid", ["x"], "y")],
    "tanh": [("Tanh", ["x"], "y")],
}


def nodes(task):
    """The graph from x to y over parameters p0, p1, …"""
    if task.kind == "product":
        return [("MatMul", ["x", "p0"], "y")]
    if task.kind == "map":
        return MAPS[task.what]
    found = []
    at = "x"
    for i in range(0, 2 * (len(task.shape) - 1), 2):
        found.append(("Gemm", [at, f"p{i}", f"p{i + 1}"], f"z{i}"))
        last = i + 2 == 2 * (len(task.shape) - 1)
        at = "y" if last else f"h{i}"
        found.append(("Softmax" if last else "Sigmoid", [f"z{i}"], at))
    return found


class Made:
    """A session over a graph that is made anew with its weights."""

    def __init__(self, task):
        self.task = task
        self.detail = f"ONNX Runtime {onnxruntime.__version__}"
        self.session = None

    def set(self, values):
        if self.session is not None:
            return
        graph = helper.make_graph(
            [helper.make_node(kind, inputs, [output])
             for kind, inputs, output in nodes(self.task)], "timed",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [
                None, self.task.shape[0]])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [
                None, self.task.shape[-1]])],
            [onnx.numpy_helper.from_array(value, f"p{i}")
             for i, value in enumerate(values)])
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.task.threads
        options.inter_op_num_threads = 1
        options.graph_optimization_level = \
            onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        self.session = onnxruntime.InferenceSession(
            model.SerializeToString(), options,
            providers=["CPUExecutionProvider"])

    def data(self, x, label):
        """The samples bound to the session, and room for the result."""
        self.out = numpy.empty((len(x), self.task.shape[-1]), "f")
        bound = self.session.io_binding()
        x = onnxruntime.OrtValue.ortvalue_from_numpy(numpy.array(x))
        y = onnxruntime.OrtValue.ortvalue_from_numpy(self.out)
        bound.bind_ortvalue_input("x", x)
        bound.bind_ortvalue_output("y", y)
        return (bound, y), label

    def infer(self, x):
        self.session.run_with_iobinding(x[0])
        return x[1]

    def wait(self, result):
        pass

    def done(self, result):
        return result.numpy()


framework.main(Made)
