"""PyTorch: eager, or with `--compile` through torch.compile."""

import sys

import torch

import models
from protocol import serve


class Torch:
    compiled = "--compile" in sys.argv[1:]

    def __init__(self):
        self.name = f"PyTorch {torch.__version__.split('+')[0]}{' (compiled)' if self.compiled else ''}"

    def load(self, task):
        torch.set_num_threads(task.threads)
        torch.set_grad_enabled(False)
        self.order = list(models.inputs(task.kind))
        self.model = models.build(task)
        if self.compiled:
            self.model = torch.compile(self.model)

    def prepare(self, inputs):
        self.inputs = [torch.from_numpy(inputs[name]) for name in self.order]
        return self.run().numpy()

    def run(self):
        with torch.inference_mode():
            return self.model(*self.inputs)


serve(Torch)
