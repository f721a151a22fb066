"""The models of the benchmarks as graphs of MAX."""

import json
from pathlib import Path

from max.dtype import DType
from max.graph import DeviceRef, Graph, TensorType, Weight, ops

CPU = DeviceRef.CPU()


class Weights:
    """The weights of a task by name, as values of the graph that is being built."""

    def __init__(self, tensors):
        self.tensors = tensors

    def __call__(self, name):
        return Weight(name, DType.float32, list(self.tensors[name].shape), CPU)

    def linear(self, x, name):
        return x @ ops.transpose(self(f"{name}.weight"), 0, 1) + self(f"{name}.bias")

    def layer_norm(self, x, name):
        return ops.layer_norm(x, self(f"{name}.weight"), self(f"{name}.bias"), 1e-12)


def distilbert(task, tensors):
    config = json.loads((Path(task.directory) / "config.json").read_text())
    heads, dim = config["n_heads"], config["dim"]
    width = dim // heads
    weights = Weights(tensors)
    ids_type = TensorType(DType.int64, ["batch", "tokens"], CPU)

    def split(x):
        return ops.permute(x.reshape(["batch", "tokens", heads, width]), [0, 2, 1, 3])

    def layer(x, mask, name):
        query, key, value = (split(weights.linear(x, f"{name}.attention.{part}_lin")) for part in "qkv")
        scores = query @ ops.transpose(key, 2, 3) * (1.0 / width**0.5) + mask
        attended = ops.permute(ops.softmax(scores) @ value, [0, 2, 1, 3]).reshape(["batch", "tokens", dim])
        x = weights.layer_norm(x + weights.linear(attended, f"{name}.attention.out_lin"), f"{name}.sa_layer_norm")
        hidden = ops.gelu(weights.linear(x, f"{name}.ffn.lin1"))
        return weights.layer_norm(x + weights.linear(hidden, f"{name}.ffn.lin2"), f"{name}.output_layer_norm")

    with Graph("distilbert", input_types=[ids_type, ids_type]) as graph:
        ids, mask = (value.tensor for value in graph.inputs)
        mask = ((1.0 - ops.cast(mask, DType.float32)) * -1e9).reshape(["batch", 1, 1, "tokens"])
        prefix = "distilbert.embeddings"
        places = ops.range(0, ids.shape[1], 1, out_dim="tokens", dtype=DType.int64, device=CPU)
        x = ops.gather(weights(f"{prefix}.word_embeddings.weight"), ids, 0)
        x = x + ops.gather(weights(f"{prefix}.position_embeddings.weight"), places, 0)
        x = weights.layer_norm(x, f"{prefix}.LayerNorm")
        for number in range(config["n_layers"]):
            x = layer(x, mask, f"distilbert.transformer.layer.{number}")
        pooled = ops.relu(weights.linear(x[:, 0], "pre_classifier"))
        graph.output(weights.linear(pooled, "classifier"))
    return graph, ["input_ids", "attention_mask"]


def elementwise(task, tensors):
    x_type = TensorType(DType.float32, ["n"], CPU)
    with Graph("elementwise", input_types=[x_type]) as graph:
        x = graph.inputs[0].tensor
        graph.output(ops.relu(x * task.parameters["multiplier"] + task.parameters["offset"]))
    return graph, ["x"]


def dense(name, layers, last):
    def build(task, tensors):
        weights = Weights(tensors)
        x_type = TensorType(DType.float32, ["batch", tensors[f"{layers[0]}.weight"].shape[1]], CPU)
        with Graph(name, input_types=[x_type]) as graph:
            x = graph.inputs[0].tensor
            for layer in layers:
                x = weights.linear(x, layer)
                if last or layer != layers[-1]:
                    x = ops.relu(x)
            graph.output(x)
        return graph, ["x"]

    return build


def cnn(task, tensors):
    weights = Weights(tensors)
    outputs, channels = tensors["conv2.weight"].shape[:2]
    side = 4 * int((tensors["fc1.weight"].shape[1] // outputs) ** 0.5)
    inputs = tensors["conv1.weight"].shape[1]
    x_type = TensorType(DType.float32, ["batch", inputs, side, side], CPU)

    def block(x, name):
        # PyTorch's weights are [out, in, height, width]; MAX takes [height, width, in, out].
        filters = ops.permute(weights(f"{name}.weight"), [2, 3, 1, 0])
        x = ops.conv2d(x, filters, padding=(1, 1, 1, 1), bias=weights(f"{name}.bias"))
        return ops.max_pool2d(ops.relu(x), kernel_size=(2, 2), stride=2)

    with Graph("cnn", input_types=[x_type]) as graph:
        x = ops.permute(graph.inputs[0].tensor, [0, 2, 3, 1])
        x = block(block(x, "conv1"), "conv2")
        x = ops.permute(x, [0, 3, 1, 2]).reshape(["batch", tensors["fc1.weight"].shape[1]])
        graph.output(weights.linear(ops.relu(weights.linear(x, "fc1")), "fc2"))
    return graph, ["x"]


MODELS = {
    "distilbert": distilbert,
    "elementwise": elementwise,
    "linear": dense("linear", ["fc"], last=True),
    "mlp": dense("mlp", ["fc1", "fc2", "fc3"], last=False),
    "cnn": cnn,
}


def build(task, tensors):
    return MODELS[task.kind](task, tensors)
