"""ONNX Runtime on the CPU, from the model that PyTorch exports."""

import time

import onnxruntime

import models
from protocol import serve


class OnnxRuntime:
    name = f"ONNX Runtime {onnxruntime.__version__}"

    def load(self, task):
        path = models.onnx_file(task)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = task.threads
        options.inter_op_num_threads = 1
        start = time.perf_counter()
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        seconds = time.perf_counter() - start
        self.names = [given.name for given in self.session.get_inputs()]
        return seconds

    def prepare(self, inputs):
        self.inputs = {name: inputs[name] for name in self.names}
        return self.run()[0]

    def run(self):
        return self.session.run(None, self.inputs)


serve(OnnxRuntime)
