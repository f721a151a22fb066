"""The models of the benchmarks in PyTorch, with the weights of a task; and their ONNX export."""

import hashlib
from pathlib import Path

import torch


def distilbert(task):
    from transformers import AutoModelForSequenceClassification

    class Logits(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = AutoModelForSequenceClassification.from_pretrained(
                task.directory, dtype=torch.float32, local_files_only=True
            )

        def forward(self, input_ids, attention_mask):
            return self.model(input_ids=input_ids, attention_mask=attention_mask).logits

    return Logits()


class Elementwise(torch.nn.Module):
    def __init__(self, task):
        super().__init__()
        self.multiplier, self.offset = task.parameters["multiplier"], task.parameters["offset"]

    def forward(self, x):
        return torch.relu(x * self.multiplier + self.offset)


def linear(task):
    tensors = tensors_of(task)
    return torch.nn.Sequential(dense(tensors, "fc"), torch.nn.ReLU())


def mlp(task):
    tensors = tensors_of(task)
    relu = torch.nn.ReLU()
    return torch.nn.Sequential(dense(tensors, "fc1"), relu, dense(tensors, "fc2"), relu, dense(tensors, "fc3"))


def cnn(task):
    tensors = tensors_of(task)

    def convolution(name):
        outputs, inputs, height, width = tensors[f"{name}.weight"].shape
        layer = torch.nn.Conv2d(inputs, outputs, (height, width), padding="same")
        return filled(layer, tensors, name)

    relu, pool = torch.nn.ReLU(), torch.nn.MaxPool2d(2)
    return torch.nn.Sequential(
        convolution("conv1"), relu, pool,
        convolution("conv2"), relu, pool,
        torch.nn.Flatten(), dense(tensors, "fc1"), relu, dense(tensors, "fc2"),
    )  # fmt: skip


def tensors_of(task):
    return {name: torch.from_numpy(array) for name, array in task.tensors().items()}


def dense(tensors, name):
    outputs, inputs = tensors[f"{name}.weight"].shape
    return filled(torch.nn.Linear(inputs, outputs), tensors, name)


def filled(layer, tensors, name):
    layer.load_state_dict({part: tensors[f"{name}.{part}"] for part in ("weight", "bias")})
    return layer


MODELS = {"distilbert": distilbert, "elementwise": Elementwise, "linear": linear, "mlp": mlp, "cnn": cnn}


def build(task):
    return MODELS[task.kind](task).eval()


def inputs(kind):
    """The names of the inputs, in order, each with the names of its axes that vary."""
    if kind == "distilbert":
        return {name: {0: "batch", 1: "tokens"} for name in ("input_ids", "attention_mask")}
    return {"x": {0: "batch"}}


def example(task):
    """Inputs that fit the model, to trace it with."""
    if task.kind == "distilbert":
        ids = torch.tensor([[101, 2023, 2003, 102], [101, 2307, 2143, 102]])
        return (ids, torch.ones_like(ids))
    if task.kind == "elementwise":
        return (torch.zeros(4),)
    if task.kind == "cnn":
        tensors = tensors_of(task)
        channels, pixels = tensors["conv1.weight"].shape[1], tensors["fc1.weight"].shape[1]
        side = 4 * int((pixels // tensors["conv2.weight"].shape[0]) ** 0.5)
        return (torch.zeros(2, channels, side, side),)
    first = next(name for name in ("fc.weight", "fc1.weight") if name in task.tensors())
    return (torch.zeros(2, task.tensors()[first].shape[1]),)


def onnx_file(task):
    """The model as an ONNX file beside its weights, made once for each file of weights."""
    source = Path(task.weights)
    stamp = f"{source}{source.stat().st_mtime_ns}{torch.__version__}{Path(__file__).stat().st_mtime_ns}"
    digest = hashlib.sha256(stamp.encode()).hexdigest()[:12]
    path = source.with_name(f"{task.kind}-{digest}.onnx")
    if not path.exists():
        axes = inputs(task.kind)
        half_made = path.with_suffix(".part.onnx")
        torch.onnx.export(
            build(task),
            example(task),
            half_made,
            input_names=list(axes),
            output_names=["output"],
            dynamic_axes={**axes, "output": {0: "batch"}},
            opset_version=18,
            dynamo=False,
        )
        half_made.rename(path)
    return path
