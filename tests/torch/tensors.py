"""Reads the tensors of a safetensors file."""
import json
import struct

import numpy as np
import torch


def read(path):
    """Tensors of a safetensors file, by name."""
    raw = open(path, "rb").read()
    size = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + size])
    out = {}
    for name, t in header.items():
        if name == "__metadata__":
            continue
        begin, end = t["data_offsets"]
        dtype = {"F64": np.float64, "F32": np.float32}[t["dtype"]]
        data = np.frombuffer(raw[8 + size + begin:8 + size + end], dtype)
        out[name] = torch.tensor(data.reshape(t["shape"]))
    return out
